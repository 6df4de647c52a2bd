// JSON whose integers stay exact: those that a number can't hold become bigint.

/** An integer of the API. */
export type Int = number | bigint;

// Texts are matched too, so that digits inside them are left alone.
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;
const LONG = /^-?\d{16,}$/;
// Random, so that no text in a response can be mistaken for a number.
const MARK = `\u0001${Math.random()}:`;

export function parse(text: string): unknown {
  let hasLong = false;
  const marked = text.replace(TOKEN, (token) => {
    if (!LONG.test(token)) return token;
    hasLong = true;
    return JSON.stringify(MARK + token);
  });
  if (!hasLong) return JSON.parse(text);
  return JSON.parse(marked, (_name, value: unknown) => {
    if (typeof value !== "string" || !value.startsWith(MARK)) return value;
    const exact = BigInt(value.slice(MARK.length));
    const number = Number(exact);
    return Number.isSafeInteger(number) ? number : exact;
  });
}

export function stringify(value: unknown): string {
  if (typeof value === "bigint") return value.toString();
  if (Array.isArray(value)) return `[${value.map(stringify).join(",")}]`;
  if (value && typeof value === "object") {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${stringify(member)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}
