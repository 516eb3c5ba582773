// Chat and Responses with `openai`: whole, streamed, a tool and its result, errors.
import OpenAI from "openai";

const [baseURL, apiKey, model, question, schema] = process.argv.slice(2);
const parameters = JSON.parse(schema);
const connect = (key) => new OpenAI({ baseURL: `${baseURL}/v1`, apiKey: key, maxRetries: 0 });
const client = connect(apiKey);
const user = (content) => ({ role: "user", content });
const failure = (call) => call.then(() => "none", (error) => `${error.constructor.name} ${error.status}`);

async function chat() {
  const tools = [{ type: "function", function: { name: "magic", parameters } }];
  const ask = (more) => client.chat.completions.create({ model, messages: [user("Hello!")], ...more });
  const whole = await ask({});
  let streamed = "";
  for await (const chunk of await ask({ stream: true })) streamed += chunk.choices[0]?.delta?.content ?? "";
  const called = (await ask({ messages: [user(question)], tools })).choices[0].message;
  const [call] = called.tool_calls;
  const result = { role: "tool", tool_call_id: call.id, content: "5" };
  const after = await ask({ messages: [user(question), called, result], tools });
  return {
    text: whole.choices[0].message.content,
    streamed,
    call: [call.function.name, JSON.parse(call.function.arguments)],
    after: after.choices[0].finish_reason,
    counted: whole.usage.prompt_tokens > 0,
  };
}

async function responses() {
  const tools = [{ type: "function", name: "magic", parameters, strict: false }];
  const ask = (more) => client.responses.create({ model, input: "Hello!", store: false, ...more });
  const whole = await ask({});
  let streamed = "";
  for await (const event of await ask({ stream: true })) {
    if (event.type === "response.output_text.delta") streamed += event.delta;
  }
  const called = await ask({ input: [user(question)], tools });
  const call = called.output.find((item) => item.type === "function_call");
  const result = { type: "function_call_output", call_id: call.call_id, output: "5" };
  const after = await ask({ input: [user(question), ...called.output, result], tools });
  return {
    text: whole.output_text,
    streamed,
    call: [call.name, JSON.parse(call.arguments)],
    after: after.status,
    counted: whole.usage.input_tokens > 0,
  };
}

const asking = (key, more) => failure(connect(key).chat.completions.create({ model, messages: [user("Hi")], ...more }));
const errors = [
  await asking("pk_wrong", {}),
  await asking(apiKey, { model: "nothing/here" }),
  await asking(apiKey, { messages: "none" }),
  await asking(apiKey, { messages: [user("x-sim-fault: 429")] }),
  await asking(apiKey, { messages: [user("x-sim-fault: 500")] }),
];
console.log(JSON.stringify({ calls: [await chat(), await responses()], errors }));
