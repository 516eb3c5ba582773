import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { AddWebhookDialog, ShownSecret } from "@/features/webhooks/AddWebhookDialog";
import { Messages } from "@/features/webhooks/Messages";
import {
  useEnableWebhook,
  useRemoveWebhook,
  useRotateWebhook,
  useTestWebhook,
  webhooksQuery,
  type Webhook,
} from "@/features/webhooks/queries";
import { useProjectId } from "@/shared/session";
import { Badge } from "@/shared/ui/Badge";
import { Button, TextButton } from "@/shared/ui/Button";
import { ConfirmDialog } from "@/shared/ui/ConfirmDialog";
import { EmptyState } from "@/shared/ui/EmptyState";
import { MenuItem } from "@/shared/ui/Menu";
import { Page } from "@/shared/ui/Page";
import { QueryContent } from "@/shared/ui/QueryContent";
import { DangerMenuItem, RowMenu } from "@/shared/ui/RowMenu";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

/** The addresses of other systems that hear what happens, and the messages to them. */
export function WebhooksPage() {
  const [adding, setAdding] = useState(false);
  return (
    <Page
      title="Webhooks"
      actions={
        <Button kind="primary" onClick={() => setAdding(true)}>
          Add webhook
        </Button>
      }
    >
      <Webhooks />
      {adding && <AddWebhookDialog onClose={() => setAdding(false)} />}
    </Page>
  );
}

function Webhooks() {
  const query = useQuery(webhooksQuery(useProjectId()));
  const [shown, setShown] = useState("");
  return (
    <QueryContent query={query}>
      {(webhooks) => {
        const chosen = webhooks.find(({ id }) => id === shown) ?? webhooks[0];
        if (!chosen) {
          return (
            <EmptyState title="No webhooks yet">
              Rollouts, roll-backs, failed evidence, requested approvals and feedback go to other
              systems as signed messages.
            </EmptyState>
          );
        }
        return (
          <>
            <WebhookTable webhooks={webhooks} shown={chosen.id} onShow={setShown} />
            <Messages webhook={chosen} />
          </>
        );
      }}
    </QueryContent>
  );
}

interface WebhookTableProps {
  webhooks: readonly Webhook[];
  /** The id of the one whose messages are shown. */
  shown: string;
  onShow: (id: string) => void;
}

function WebhookTable({ webhooks, shown, onShow }: WebhookTableProps) {
  const [removing, setRemoving] = useState<Webhook | null>(null);
  const rotate = useRotateWebhook();
  const enable = useEnableWebhook();
  const test = useTestWebhook();
  return (
    <>
      <Table label="Webhooks">
        <TableHead>
          <HeadCell className="w-full">Address</HeadCell>
          <HeadCell className={FROM_MD}>Events</HeadCell>
          <HeadCell>State</HeadCell>
          <HeadCell className={FROM_MD}>Added</HeadCell>
          <HeadCell className="w-px" />
        </TableHead>
        <tbody>
          {webhooks.map((webhook) => (
            <Row key={webhook.id} className={webhook.id === shown ? "bg-accent-soft" : ""}>
              <Cell className="max-w-0 min-w-40 truncate pl-2! font-medium">
                <TextButton title={webhook.url} onClick={() => onShow(webhook.id)}>
                  {webhook.url}
                </TextButton>
              </Cell>
              <Cell className={`max-w-72 truncate text-ink-2 ${FROM_MD}`}>
                {webhook.events.join(", ") || "all"}
              </Cell>
              <Cell>
                <span title={webhook.disabled}>
                  <Badge tone={webhook.disabled ? "danger" : "ok"}>
                    {webhook.disabled ? "disabled" : "enabled"}
                  </Badge>
                </span>
              </Cell>
              <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>
                <RelativeTime at={webhook.created_at} />
              </Cell>
              <Cell>
                <RowMenu subject={webhook.url}>
                  <MenuItem onSelect={() => test.mutate(webhook.id)}>Send a test message</MenuItem>
                  {webhook.disabled && (
                    <MenuItem onSelect={() => enable.mutate(webhook.id)}>Enable</MenuItem>
                  )}
                  <MenuItem onSelect={() => rotate.mutate(webhook.id)}>New secret</MenuItem>
                  <DangerMenuItem onSelect={() => setRemoving(webhook)}>Remove</DangerMenuItem>
                </RowMenu>
              </Cell>
            </Row>
          ))}
        </tbody>
      </Table>
      {rotate.data && (
        <ShownSecret title="New secret" secret={rotate.data.secret} onClose={rotate.reset} />
      )}
      {removing && <RemoveDialog webhook={removing} onClose={() => setRemoving(null)} />}
    </>
  );
}

function RemoveDialog({ webhook, onClose }: { webhook: Webhook; onClose: () => void }) {
  return (
    <ConfirmDialog
      title="Remove this webhook?"
      confirm="Remove webhook"
      mutation={useRemoveWebhook(onClose)}
      input={webhook.id}
      onClose={onClose}
    >
      {webhook.url} gets no more messages, and the log of its messages is removed.
    </ConfirmDialog>
  );
}
