"""The pages' surface: a session in a cookie, CSRF tokens in every form, refusals as pages in the viewer's language."""

from server.admin.pages import problem_page
from server.web import ways
from server.web.surface import Surface

admin = Surface(
    name="admin",
    prefixes=("",),
    ways=(ways.cookie,),
    refuses=problem_page,
    cookies=True,
    sign_in="/sign-in",
)
