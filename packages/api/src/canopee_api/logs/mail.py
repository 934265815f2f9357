"""Mail to those who asked to be told."""

import smtplib
import ssl
from email.message import EmailMessage

from canopee_api.destinations import MailServer
from canopee_contract.log_requests import LogRequestView
from canopee_kit.errors import TemporaryError

_TIMEOUT_S = 20
_SAID = 300


class MailError(TemporaryError):
    """Not sent; the message says why."""


def message_of(view: LogRequestView, sender: str) -> EmailMessage:
    """What is told of a request; no content of a log, and no name of a PC, ever.

    Its id is that of the request: what is sent again, because nobody knew that it had arrived, is known as the same.
    """
    message = EmailMessage()
    ready, states = view.states.get("ready", 0), sorted(view.states.items())
    message["Subject"] = f"[{view.ticket}] {ready} of {view.total} PCs sent their logs"
    message["From"], message["To"] = sender, ", ".join(view.notify)
    message["Message-ID"] = f"<log-request.{view.id}@{sender.rpartition('@')[2]}>"
    message["Date"] = view.completed_at or view.created_at
    lines = [
        f"Log request {view.id} is complete: nothing more is to come.", "",
        f"Ticket      {view.ticket}", f"Reason      {view.reason}", f"Asked by    {view.created_by}",
        f"Pipeline    {view.pipeline}", f"Received    {view.received_bytes} bytes",
        f"Kept until  {view.keep_until:%Y-%m-%d %H:%M} UTC", "",
        *(f"{number:>6}  {state.replace('_', ' ')}" for state, number in states), "",
        f"canopee logs show {view.id}",
    ]  # fmt: skip
    message.set_content("\n".join(lines) + "\n")
    return message


def post(server: MailServer, message: EmailMessage) -> str:
    """Give a message to the server; blocks. Of whom the server would take none, and why; usually nothing.

    Raises:
        MailError: it was not taken.
    """
    context = ssl.create_default_context()
    try:
        if server.security == "tls":
            with smtplib.SMTP_SSL(server.host, server.port, timeout=_TIMEOUT_S, context=context) as smtp:
                return _post(smtp, server, message)
        with smtplib.SMTP(server.host, server.port, timeout=_TIMEOUT_S) as smtp:
            if server.security == "starttls":
                smtp.starttls(context=context)
            return _post(smtp, server, message)
    except (smtplib.SMTPException, OSError) as error:
        raise MailError(f"{server.host}: {str(error)[:_SAID]}") from error


def _post(smtp: smtplib.SMTP, server: MailServer, message: EmailMessage) -> str:
    if server.user:
        smtp.login(server.user, server.password)
    refused = smtp.send_message(message)
    return ", ".join(f"{one}: {code} {why.decode(errors='replace')}" for one, (code, why) in refused.items())[
        :_SAID
    ]
