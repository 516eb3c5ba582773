"""Sections of the settings that are small; `infra/settings` has the tree."""

from pydantic import BaseModel, ConfigDict, Field


class Section(BaseModel):
    """A group of settings: one TOML table."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class EvaluationSettings(Section):
    """Evaluations."""

    sandbox_command: str = Field(
        default="",
        description="Command that runs the tests of generated code in isolation, such as a "
        "container; {folder} in it is the folder of the files. Empty: such code never runs.",
    )
    sandbox_timeout_s: float = Field(
        default=20.0, gt=0, le=100, description="Time of one such command; then it is killed."
    )
    libraries_python: str = Field(
        default="",
        description="Python that has RAGAS, DeepEval, TruLens or Inspect, for the evaluators that "
        "use them. Empty: the Python of Penstock.",
    )
    ray_address: str = Field(
        default="",
        description="Ray cluster whose machines do evaluation runs, such as head:6379; they call "
        "the gateway at gateway_url. Empty: this machine.",
    )


class SimulatorSettings(Section):
    """The simulated provider of an installation."""

    latency_ms: float = Field(
        default=120.0,
        ge=0,
        le=60_000,
        description="Time to the first token of the simulated provider of `penstock up`.",
    )
    tokens_per_second: float = Field(
        default=80.0, ge=0, le=1e6, description="Its speed after the first token; 0: no delay."
    )
