"""Taking a form back from the trash, while nothing has taken its place."""

from forms import declaring_lists, keying
from forms.problems import AlreadyExists
from forms.store import forms, trash
from forms.store.trash import DeletedForm
from storage.problems import NotFound
from storage.unit_of_work import Unit, tried_again_if_taken


def restore(unit: Unit, deleted: DeletedForm) -> None:
    """Take a form out of the trash; if its project has been given a key meanwhile, under that key.

    Raises: NotFound, when it was restored meanwhile; AlreadyExists, when another form of its id is there; ListGone.
    Source: ODK Central, POST …/forms/{id}/restore.
    """
    trash.deleted_form_of(unit, deleted.project_id, deleted.form_id)
    try:
        forms.form_of(unit, deleted.project_id, deleted.xml_form_id)
    except NotFound:
        with tried_again_if_taken():
            trash.take_back(unit, deleted.form_id)
        found = forms.form_by_id(unit, deleted.form_id)
        keying.give_key(unit, found)
        declaring_lists.require_fed(unit, found)
        return
    raise AlreadyExists(table="forms", fields=["projectId", "xmlFormId"], values=[str(deleted.project_id), deleted.xml_form_id])
