// Parses an AsyncAPI document with the official parser; ends with 1 if that finds an error or a warning.
const { readFileSync } = require("node:fs");
const { Parser } = require("@asyncapi/parser");

const ERROR = 0, WARNING = 1;

new Parser().parse(readFileSync(process.argv[2], "utf8")).then(({ document, diagnostics }) => {
  const found = diagnostics.filter(({ severity }) => severity === ERROR || severity === WARNING);
  for (const { path, message } of found) console.error(`${path.join("/")}: ${message}`);
  const sent = document ? document.operations().filterBySend().length : 0;
  console.log(`${sent} operations, ${document ? document.messages().length : 0} messages`);
  process.exitCode = found.length === 0 && sent > 0 ? 0 : 1;
});
