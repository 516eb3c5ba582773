// Messages with `@anthropic-ai/sdk`: whole, streamed, a tool and its result, errors.
import Anthropic from "@anthropic-ai/sdk";

const [baseURL, apiKey, model, question, schema] = process.argv.slice(2);
const connect = (key) => new Anthropic({ baseURL, apiKey: key, maxRetries: 0 });
const client = connect(apiKey);
const user = (content) => ({ role: "user", content });
const failure = (call) => call.then(() => "none", (error) => `${error.constructor.name} ${error.status}`);
const common = { model, max_tokens: 2000 };

const whole = await client.messages.create({ ...common, messages: [user("Hello!")] });
const stream = client.messages.stream({ ...common, messages: [user("Hello!")] });
let streamed = "";
stream.on("text", (delta) => (streamed += delta));
await stream.finalMessage();

const tools = [{ name: "magic", input_schema: JSON.parse(schema) }];
const called = await client.messages.create({ ...common, messages: [user(question)], tools });
const call = called.content.find((block) => block.type === "tool_use");
const result = { type: "tool_result", tool_use_id: call.id, content: "5" };
const history = [user(question), { role: "assistant", content: called.content }, user([result])];
const after = await client.messages.create({ ...common, messages: history, tools });

const calls = [
  {
    text: whole.content.find((block) => block.type === "text").text,
    streamed,
    call: [call.name, call.input],
    after: after.stop_reason,
    counted: whole.usage.input_tokens > 0,
  },
];
const asking = (key, more) => failure(connect(key).messages.create({ ...common, messages: [user("Hi")], ...more }));
const errors = [
  await asking("pk_wrong", {}),
  await asking(apiKey, { model: "nothing/here" }),
  await asking(apiKey, { messages: "none" }),
  await asking(apiKey, { messages: [user("x-sim-fault: 429")] }),
  await asking(apiKey, { messages: [user("x-sim-fault: 500")] }),
];
console.log(JSON.stringify({ calls, errors }));
