import { useQuery } from "@tanstack/react-query";

import { messagesQuery, type Webhook, type WebhookMessage } from "@/features/webhooks/queries";
import { useProjectId } from "@/shared/session";
import { Badge, type Tone } from "@/shared/ui/Badge";
import { QueryContent } from "@/shared/ui/QueryContent";
import { Cell, FROM_MD, HeadCell, Row, Table, TableHead } from "@/shared/ui/Table";
import { RelativeTime } from "@/shared/ui/Values";

const TONES: Record<WebhookMessage["state"], Tone> = {
  pending: "accent",
  delivered: "ok",
  failed: "danger",
};

/** The newest messages of a webhook: what became of each, and when it is tried again. */
export function Messages({ webhook }: { webhook: Webhook }) {
  const query = useQuery(messagesQuery(useProjectId(), webhook.id));
  return (
    <section aria-label="Messages" className="pt-8">
      <h2 className="mb-1 text-sm font-medium break-all">Messages to {webhook.url}</h2>
      <QueryContent query={query}>
        {(messages) =>
          messages.length === 0 ? (
            <p className="py-4 text-sm text-ink-3">No messages yet. Send a test message.</p>
          ) : (
            <MessageTable messages={messages} />
          )
        }
      </QueryContent>
    </section>
  );
}

function MessageTable({ messages }: { messages: readonly WebhookMessage[] }) {
  return (
    <Table label="Messages">
      <TableHead>
        <HeadCell>Event</HeadCell>
        <HeadCell>State</HeadCell>
        <HeadCell numeric>Tries</HeadCell>
        <HeadCell className={`w-full ${FROM_MD}`}>Last try</HeadCell>
        <HeadCell className={FROM_MD}>Next try</HeadCell>
        <HeadCell>Made</HeadCell>
      </TableHead>
      <tbody>
        {messages.map((message) => (
          <Row key={message.id}>
            <Cell className="font-mono text-xs whitespace-nowrap">{message.event}</Cell>
            <Cell>
              <Badge tone={TONES[message.state]}>{message.state}</Badge>
            </Cell>
            <Cell numeric>{message.tries}</Cell>
            <Cell className={`text-ink-2 ${FROM_MD}`}>
              {[message.status || "", message.problem].filter(Boolean).join(" ")}
            </Cell>
            <Cell className={`whitespace-nowrap text-ink-2 ${FROM_MD}`}>
              {message.next_try_at ? <RelativeTime at={message.next_try_at} /> : "–"}
            </Cell>
            <Cell className="whitespace-nowrap text-ink-2">
              <RelativeTime at={message.created_at} />
            </Cell>
          </Row>
        ))}
      </tbody>
    </Table>
  );
}
