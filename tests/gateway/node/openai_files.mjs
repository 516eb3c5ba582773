// Files and a batch with `openai`: upload, content, a batch until it is complete, delete, errors.
import OpenAI, { toFile } from "openai";

const [baseURL, apiKey, provider, line] = process.argv.slice(2);
const defaultHeaders = { "x-penstock-provider": provider };
const client = new OpenAI({ baseURL: `${baseURL}/v1`, apiKey, maxRetries: 0, defaultHeaders });
const failure = (call) => call.then(() => "none", (error) => `${error.constructor.name} ${error.status}`);
const text = async (id) => (await client.files.content(id)).text();

const file = await client.files.create({ file: await toFile(Buffer.from(line), "lines.jsonl"), purpose: "batch" });
let batch = await client.batches.create({
  input_file_id: file.id,
  endpoint: "/v1/chat/completions",
  completion_window: "24h",
});
for (let i = 0; i < 40 && batch.status !== "completed"; i += 1) {
  await new Promise((resolve) => setTimeout(resolve, 200));
  batch = await client.batches.retrieve(batch.id);
}
const answers = (await text(batch.output_file_id)).trim().split("\n").map((one) => JSON.parse(one));
const content = await text(file.id);
const { deleted } = await client.files.delete(file.id);
const errors = [await failure(client.files.retrieve(file.id)), await failure(client.files.list())];
console.log(JSON.stringify({
  content,
  input: file.id,
  found: batch.input_file_id,
  status: batch.status,
  answers,
  deleted,
  errors,
}));
