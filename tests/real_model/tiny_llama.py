"""Creates a tiny Llama: random weights, a newly trained tokenizer, a chat template.

Writes it as a Hugging Face cache, so that a server lists and loads it without a network. Its
answers are meaningless but deterministic.
"""

import sys
from pathlib import Path

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

MODEL_ID = "penstock/tiny-llama"
REVISION = "0" * 40

CORPUS = (
    "A penstock brings the river to the turbine, and the gate decides how much of it.",
    "Das Wasser fällt durch das Rohr und treibt die Räder an; größer wird der Druck.",
    "L'eau était là avant la centrale, et elle coulera après elle.",
    "水は高いところから低いところへ流れる。",
    "Спокойная вода глубока, а быстрая вода работает.",
)

CHAT_TEMPLATE = (
    "{% for message in messages %}<|{{ message['role'] }}|>{{ message['content'] }}</s>{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def make(hub: Path) -> Path:
    """Writes the model to `hub` (a folder for HF_HUB_CACHE) and returns its snapshot folder."""
    repository = hub / ("models--" + MODEL_ID.replace("/", "--"))
    snapshot = repository / "snapshots" / REVISION
    snapshot.mkdir(parents=True)
    (repository / "blobs").mkdir()
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(REVISION)
    tokenizer = _tokenizer()
    tokenizer.save_pretrained(snapshot)
    _model(tokenizer).save_pretrained(snapshot)
    return snapshot


def _tokenizer() -> PreTrainedTokenizerFast:
    roles = ["<|system|>", "<|user|>", "<|assistant|>"]
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.BpeTrainer(vocab_size=400, special_tokens=["<unk>", "<s>", "</s>", *roles])
    tokenizer.train_from_iterator(CORPUS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        unk_token="<unk>",
        bos_token="<s>",
        eos_token="</s>",
        pad_token="</s>",
        chat_template=CHAT_TEMPLATE,
    )


def _model(tokenizer: PreTrainedTokenizerFast) -> LlamaForCausalLM:
    torch.manual_seed(7)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        # Large enough that greedy decoding does not repeat its first token.
        initializer_range=0.6,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return LlamaForCausalLM(config)


if __name__ == "__main__":
    print(make(Path(sys.argv[1])))
