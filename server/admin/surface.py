"""The pages' surface: a session in a cookie, CSRF tokens in every form, refusals as pages in the viewer's language."""

from server.admin.pages import problem_page
from server.web import ways
from server.web.answers import Answer
from server.web.surface import Site, Surface
from storage.problems import NotAllowed, Problem


class LinkEnded(Problem):
    """Nobody knows the token, or no longer."""

    code = "403.84"
    says = "This link is not valid any more. Ask whoever gave it to you for another one."


def _refuses(problem: Problem, site: Site, language: str) -> Answer:
    return problem_page(LinkEnded() if isinstance(problem, NotAllowed) else problem, site, language)


admin = Surface(
    name="admin",
    prefixes=("",),
    ways=(ways.cookie,),
    refuses=problem_page,
    cookies=True,
    sign_in="/sign-in",
)
# For whoever holds a public link; its token stands in the path.
public = Surface(name="public", prefixes=("/f/<key>",), ways=(ways.public_link,), refuses=_refuses)
