"""An XForm under another version: the same form, whose primary instance says so."""

from lxml import etree

from forms.xml import children, local_name, parse


def with_version(xform: bytes, version: str) -> bytes:
    """*xform* with *version* as its form's version, and nothing else changed that a client would see.

    Raises: MalformedXml, XmlTooLarge.
    Source: ODK Central, POST …/draft/publish?version=.
    """
    form = parse(xform)
    model = next(each for each in form.iter() if isinstance(each.tag, str) and local_name(each) == "model")
    instance = children(model, "instance")[0]
    root = instance[0]
    for name in [name for name in root.attrib if etree.QName(name).localname == "version"]:
        del root.attrib[name]
    root.set("version", version)
    return etree.tostring(form, xml_declaration=True, encoding="UTF-8")
