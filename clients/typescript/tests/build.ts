// Builds the package once before the tests: they use what is published. With `TOCOS_CLIENT_BUILT` it was built already.
import { execFileSync } from "node:child_process";

export default function build(): void {
  if (!process.env["TOCOS_CLIENT_BUILT"]) execFileSync("npm", ["run", "--silent", "build"], { stdio: "inherit" });
}
