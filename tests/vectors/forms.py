"""Forms and submissions of the vectors."""

from xml.sax.saxutils import escape, quoteattr

HEAD = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"
  xmlns:orx="http://openrosa.org/xforms"><h:head>"""

READER = (
    HEAD
    + """<h:title>Reader</h:title><model>
<instance><data id="f2"><a/><orx:meta><orx:instanceID/></orx:meta></data></instance>
<instance id="list" src="jr://file-csv/list.csv"/>
<instance id="never" src="jr://file-csv/never.csv"/>
<itext><translation lang="fr">
<text id="/data/a:label"><value form="image">jr://images/läge bild.png</value></text></translation></itext>
<bind nodeset="/data/a" type="string"/><bind nodeset="/data/meta/instanceID" type="string" jr:preload="uid"/>
</model></h:head><h:body><select1 ref="/data/a"><label ref="jr:itext('/data/a:label')"/>
<itemset nodeset="instance('list')/root/item"><value ref="name"/><label ref="label"/></itemset></select1></h:body></h:html>"""
).encode()


def simple(form_id: str, version: str | None, title: str = "Simple", submission: str = "") -> bytes:
    """A form with a text `a` and a photo; *title* and *submission* are XML."""
    stated = "" if version is None else f" version={quoteattr(version)}"
    return (
        f"{HEAD}<h:title>{title}</h:title><model>{submission}"
        f"<instance><data id={quoteattr(form_id)}{stated}><a/><photo/><orx:meta><orx:instanceID/></orx:meta></data></instance>"
        '<bind nodeset="/data/a" type="string"/><bind nodeset="/data/photo" type="binary"/>'
        '<bind nodeset="/data/meta/instanceID" type="string" jr:preload="uid"/></model></h:head>'
        '<h:body><input ref="/data/a"><label>A</label></input>'
        '<upload ref="/data/photo" mediatype="image/*"><label>P</label></upload></h:body></h:html>'
    ).encode()


def filled(
    form_id: str, version: str | None, instance_id: str, a: str = "x", *, photo: str = "", deprecated_id: str = ""
) -> bytes:
    """A submission as Collect writes it."""
    stated = "" if version is None else f" version={quoteattr(version)}"
    edited = f"<deprecatedID>{escape(deprecated_id)}</deprecatedID>" if deprecated_id else ""
    return (
        f"<?xml version='1.0' encoding='UTF-8' ?><data id={quoteattr(form_id)}{stated} "
        f'xmlns:orx="http://openrosa.org/xforms"><a>{escape(a)}</a><photo>{escape(photo)}</photo>'
        f"<orx:meta><orx:instanceID>{escape(instance_id)}</orx:instanceID>{edited}</orx:meta></data>"
    ).encode()
