"""What a Vault's answer says."""

from connectors.veeva import EXPIRED, Answer, Refused, Voice
from mdm.connector import Secrets

__all__ = ["EXPIRED", "VOICE", "Answer", "Refused", "warnings"]
VOICE = Voice(
    "the Vault", {"CONFIGURATION_MODE_ENABLED"}, {"INCORRECT_QUERY_SYNTAX_ERROR"},
    "If the Vault's fields changed, adapt `fields`, `where` or the mapping",
)  # fmt: skip


def warnings(answer: Answer, secrets: Secrets) -> list[str]:
    """What a good answer warns of."""
    if answer.get("responseStatus") != "WARNING":
        return []
    said = answer.get("warnings") or [answer.get("responseMessage")]
    texts = [f"{one.get('type', '')}: {one.get('message', '')}" if isinstance(one, dict) else str(one) for one in said]
    return [secrets.redact(text)[:300] for text in texts]
