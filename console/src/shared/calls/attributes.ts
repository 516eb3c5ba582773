import type { Schemas } from "@/shared/api/client";

/** The name of an attribute that a key can set. */
export type KeyAttribute = keyof Schemas["KeyAttributes"];

/** An attribute: `name` in the API, `label` on pages, `span` as OpenTelemetry attribute. */
interface Attribute<Name extends string> {
  name: Name;
  label: string;
  span: string;
}

/** The attributes that a key can set on its calls. */
export const KEY_ATTRIBUTES = [
  { name: "use_case", label: "Use case", span: "penstock.use_case" },
  { name: "team", label: "Team", span: "penstock.team" },
  { name: "user", label: "User", span: "user.id" },
  { name: "environment", label: "Environment", span: "deployment.environment.name" },
  { name: "segment", label: "Segment", span: "penstock.segment" },
] as const satisfies readonly Attribute<KeyAttribute>[];

/** All attributes of calls. A new attribute of the API is added to this file only. */
export const CALL_ATTRIBUTES = [
  ...KEY_ATTRIBUTES,
  { name: "session", label: "Session", span: "gen_ai.conversation.id" },
  { name: "client_token", label: "Client token", span: "penstock.client_token" },
  { name: "release", label: "Release", span: "penstock.release" },
  { name: "arm", label: "Arm", span: "penstock.rollout.arm" },
  { name: "arm_basis", label: "Basis of the arm", span: "penstock.rollout.basis" },
  { name: "prompt_version", label: "Prompt version", span: "penstock.prompt_version" },
  { name: "step", label: "Step", span: "penstock.step" },
  { name: "batch_id", label: "Batch", span: "penstock.batch.id" },
] as const satisfies readonly Attribute<string>[];
