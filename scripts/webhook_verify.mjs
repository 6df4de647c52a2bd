// Verifies requests with the reference library from npm. Reads a JSON file: [{secret, headers, body}, ...]. Prints how many were right,
// and fails if one was not, or if one that was changed was taken for right.
import { readFileSync } from "node:fs";
import { Webhook, WebhookVerificationError } from "standardwebhooks";

const requests = JSON.parse(readFileSync(process.argv[2], "utf8"));
let verified = 0;
for (const { secret, headers, body } of requests) {
  new Webhook(secret).verify(body, headers);
  verified += 1;
  let accepted = true;
  try {
    new Webhook(secret).verify(`${body} `, headers);
  } catch (error) {
    if (!(error instanceof WebhookVerificationError)) throw error;
    accepted = false;
  }
  if (accepted) throw new Error(`a changed body was accepted: ${headers["webhook-id"]}`);
}
if (verified === 0) throw new Error("there was nothing to verify");
console.log(`${verified} verified`);
