import OpenAI from "openai";

const client = new OpenAI({ baseURL: "http://127.0.0.1:4000/v1", apiKey: process.env.GATEWAY_KEY });
const messages = [{ role: "user", content: "Hello!" }];

const answer = await client.chat.completions.create({ model: "sim/sim-small", messages });
console.log(answer.choices[0].message.content);

const stream = await client.chat.completions.create({ model: "sim/sim-small", messages, stream: true });
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? "");
