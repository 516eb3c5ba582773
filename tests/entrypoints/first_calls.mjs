// Makes one call and one stream with the official client. Prints `[text, trace id]` of each as JSON.
import OpenAI from "openai";

const [baseURL, apiKey, body] = process.argv.slice(2);
const client = new OpenAI({ baseURL, apiKey });
const create = (more) => client.chat.completions.create({ ...JSON.parse(body), ...more }).withResponse();

const whole = await create({});
const stream = await create({ stream: true });
let text = "";
for await (const chunk of stream.data) text += chunk.choices[0]?.delta?.content ?? "";

const trace = ({ response }) => response.headers.get("x-penstock-trace-id");
console.log(JSON.stringify([[whole.data.choices[0].message.content, trace(whole)], [text, trace(stream)]]));
