// generateContent with `@google/genai`: whole, streamed, a tool and its result, errors.
import { GoogleGenAI } from "@google/genai";

const [baseUrl, apiKey, model, question, schema] = process.argv.slice(2);
const connect = (key) => new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl } });
const client = connect(apiKey);
const failure = (call) => call.then(() => "none", (error) => `${error.constructor.name} ${error.status}`);
const ask = (contents, config) => client.models.generateContent({ model, contents, config });

const whole = await ask("Hello!");
let streamed = "";
for await (const chunk of await client.models.generateContentStream({ model, contents: "Hello!" })) {
  streamed += chunk.text ?? "";
}

const tools = [{ functionDeclarations: [{ name: "magic", parametersJsonSchema: JSON.parse(schema) }] }];
const asked = { role: "user", parts: [{ text: question }] };
const called = await ask([asked], { tools });
const [call] = called.functionCalls;
const result = { functionResponse: { id: call.id, name: call.name, response: { output: "5" } } };
const history = [asked, called.candidates[0].content, { role: "user", parts: [result] }];
const after = await ask(history, { tools });

const calls = [
  {
    text: whole.text,
    streamed,
    call: [call.name, call.args],
    after: after.candidates[0].finishReason,
    counted: whole.usageMetadata.promptTokenCount > 0,
  },
];
const asking = (key, more) => failure(connect(key).models.generateContent({ model, contents: "Hi", ...more }));
const errors = [
  await asking("pk_wrong", {}),
  await asking(apiKey, { model: "nothing/here" }),
  await asking(apiKey, { contents: [{ role: "nobody", parts: [{ text: "Hi" }] }] }),
  await asking(apiKey, { contents: "x-sim-fault: 429" }),
  await asking(apiKey, { contents: "x-sim-fault: 500" }),
];
console.log(JSON.stringify({ calls, errors }));
