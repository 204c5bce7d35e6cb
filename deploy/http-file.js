// Sends the requests of an .http file, and expects of each the status in which its title ends.
const fs = require("node:fs");

const [file, base, token] = process.argv.slice(2);

async function main() {
  const text = fs.readFileSync(file, "utf8").replaceAll("{{base}}", base).replaceAll("{{token}}", token);
  const requests = text.split(/^### /m).slice(1);
  for (const request of requests) await follow(request);
  console.log(`${requests.length} requests of ${file}`);
}

async function follow(request) {
  const [head, ...body] = request.trim().split("\n\n");
  const [title, line, ...headers] = head.split("\n");
  const [method, url] = line.split(" ");
  const answer = await fetch(url, {
    method,
    headers: headers.map((header) => header.split(/: (.*)/s).slice(0, 2)),
    body: body.length ? body.join("\n\n") : undefined,
    signal: AbortSignal.timeout(30_000),
  });
  const expected = Number(title.split(": ").at(-1));
  if (answer.status !== expected) throw new Error(`${title}: ${answer.status} ${await answer.text()}`);
}

main().catch((error) => {
  console.error(`deploy/http-file.js: ${error.message}`);
  process.exit(1);
});
