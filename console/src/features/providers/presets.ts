/** A place that serves models in OpenAI's format, and how it is set up. */
export interface Preset {
  id: string;
  label: string;
  baseUrl: string;
  /** On this machine or in this network; such a server usually wants no key. */
  local?: boolean;
  /** Where its API keys are made. */
  keysAt?: string;
  quirks?: Record<string, string>;
}

export const PRESETS: readonly Preset[] = [
  vendor("openai", "OpenAI", "https://api.openai.com/v1", "platform.openai.com"),
  vendor("anthropic", "Anthropic", "https://api.anthropic.com/v1", "console.anthropic.com"),
  vendor(
    "google",
    "Google Gemini",
    "https://generativelanguage.googleapis.com/v1beta/openai",
    "aistudio.google.com",
  ),
  vendor("mistral", "Mistral", "https://api.mistral.ai/v1", "console.mistral.ai"),
  vendor("groq", "Groq", "https://api.groq.com/openai/v1", "console.groq.com"),
  vendor("deepseek", "DeepSeek", "https://api.deepseek.com/v1", "platform.deepseek.com"),
  vendor("together", "Together", "https://api.together.xyz/v1", "api.together.ai"),
  vendor("fireworks", "Fireworks", "https://api.fireworks.ai/inference/v1", "fireworks.ai"),
  vendor("openrouter", "OpenRouter", "https://openrouter.ai/api/v1", "openrouter.ai"),
  vendor("xai", "xAI", "https://api.x.ai/v1", "console.x.ai"),
  server("ollama", "Ollama", 11434),
  server("vllm", "vLLM", 8000),
  server("llama-cpp", "llama.cpp", 8080),
  {
    ...server("transformers", "transformers", 8000),
    quirks: { stream_usage: "no", terminator: "finish_reason" },
  },
];

export const OTHER: Preset = { id: "", label: "Other", baseUrl: "" };

function vendor(id: string, label: string, baseUrl: string, keysAt: string): Preset {
  return { id, label, baseUrl, keysAt };
}

function server(id: string, label: string, port: number): Preset {
  return { id, label, baseUrl: `http://127.0.0.1:${port}/v1`, local: true };
}
