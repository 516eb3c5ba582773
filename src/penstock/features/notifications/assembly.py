"""Builds the vertical of notifications."""

from penstock.features.access import Guards
from penstock.features.context import Context
from penstock.features.notifications.http import notification_routes
from penstock.features.notifications.model import CommentTexts, EventLog, MemberFinder
from penstock.features.notifications.service.following import NotificationFeed
from penstock.features.notifications.service.inbox import NotificationInbox
from penstock.features.notifications.service.recipients import Recipients
from penstock.features.vertical import Vertical


def build(
    context: Context, guards: Guards, log: EventLog, users: MemberFinder, comments: CommentTexts
) -> Vertical:
    """Builds the vertical."""
    feed = NotificationFeed(context, log, Recipients(log, users))
    inbox = NotificationInbox(context, log, users, comments)
    return Vertical(routers=(notification_routes(guards, inbox),), jobs=(feed.run,))
