import { useState } from "react";

import { Form } from "@/shared/forms/Form";
import { useForm } from "@/shared/forms/useForm";
import { shortHash } from "@/shared/releases/arms";
import { useApproval, type Approval, type ApprovalStep } from "@/shared/releases/protection";
import { Button } from "@/shared/ui/Button";
import { Dialog } from "@/shared/ui/Dialog";
import { TextAreaField } from "@/shared/ui/Field";

type Decision = Exclude<ApprovalStep, "request">;

const NAMES: Record<Decision, string> = {
  approve: "Approve",
  reject: "Reject",
  withdraw: "Withdraw",
};

interface DecideButtonsProps {
  approval: Approval;
  steps: readonly Decision[];
}

/** Decides on an approval, with a reason. The server refuses the decision of the release's own
 * author. */
export function DecideButtons({ approval, steps }: DecideButtonsProps) {
  const [step, setStep] = useState<Decision>();
  return (
    <span className="flex gap-1">
      {steps.map((each) => (
        <Button
          key={each}
          kind={each === "approve" ? "primary" : "plain"}
          onClick={() => setStep(each)}
        >
          {NAMES[each]}
        </Button>
      ))}
      {step && <DecideDialog approval={approval} step={step} onClose={() => setStep(undefined)} />}
    </span>
  );
}

interface DecideDialogProps {
  approval: Approval;
  step: Decision;
  onClose: () => void;
}

function DecideDialog({ approval, step, onClose }: DecideDialogProps) {
  const { release, use_case, environment } = approval;
  const form = useForm({
    initial: { message: "" },
    mutation: useApproval(onClose),
    toInput: ({ message }) => ({ release, use_case, environment, step, message }),
  });
  return (
    <Dialog
      open
      onClose={onClose}
      title={`${NAMES[step]}: ${shortHash(release)} for ${use_case} in ${environment}`}
      description="The reason is kept with the approval and in the audit log."
    >
      <Form form={form} submitLabel={NAMES[step]} onCancel={onClose}>
        <TextAreaField
          label="Reason"
          {...form.text("message")}
          maxLength={1000}
          required={step === "reject"}
          autoFocus
        />
      </Form>
    </Dialog>
  );
}
