import os

from openai import OpenAI

client = OpenAI(base_url="http://127.0.0.1:4000/v1", api_key=os.environ["GATEWAY_KEY"])
hello = [{"role": "user", "content": "Hello!"}]

answer = client.chat.completions.create(model="sim/sim-small", messages=hello)
print(answer.choices[0].message.content)

for chunk in client.chat.completions.create(model="sim/sim-small", messages=hello, stream=True):
    print(chunk.choices[0].delta.content or "" if chunk.choices else "", end="")
