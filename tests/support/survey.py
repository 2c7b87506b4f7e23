"""A form with everything that exports must lay out: types, groups, nested repeats, geography, selects, a file."""

from collections.abc import Mapping

XFORM = """<?xml version="1.0"?>
<h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml" xmlns:jr="http://openrosa.org/javarosa"
  xmlns:orx="http://openrosa.org/xforms">
  <h:head>
    <h:title>Household survey</h:title>
    <model>
      <instance>
        <data id="{form_id}" version="{version}">
          <start/><age/><weight/><born/><agreed/><home/><path/><field/><langs/><photo/>
          <contact><phone/><e-mail/></contact>
          <family>
            <child jr:template=""><nick/><size><height/></size><toy jr:template=""><label/></toy></child>
          </family>
          <visit jr:template=""><day/></visit>
          {more}
          <orx:meta><orx:instanceID/><orx:instanceName/></orx:meta>
        </data>
      </instance>
      <instance id="langs"><root>
        <item><name>fr</name><label>French</label></item>
        <item><name>bm</name><label>Bambara</label></item>
        <item><name>other</name><label>Other</label></item>
      </root></instance>
      <bind nodeset="/data/start" type="dateTime" jr:preload="timestamp" jr:preloadParams="start"/>
      <bind nodeset="/data/age" type="int"/>
      <bind nodeset="/data/weight" type="decimal"/>
      <bind nodeset="/data/born" type="date"/>
      <bind nodeset="/data/agreed" type="boolean"/>
      <bind nodeset="/data/home" type="geopoint"/>
      <bind nodeset="/data/path" type="geotrace"/>
      <bind nodeset="/data/field" type="geoshape"/>
      <bind nodeset="/data/langs" type="string"/>
      <bind nodeset="/data/photo" type="binary"/>
      <bind nodeset="/data/contact/phone" type="string"/>
      <bind nodeset="/data/contact/e-mail" type="string"/>
      <bind nodeset="/data/family/child/nick" type="string"/>
      <bind nodeset="/data/family/child/size/height" type="int"/>
      <bind nodeset="/data/family/child/toy/label" type="string"/>
      <bind nodeset="/data/visit/day" type="date"/>
      <bind nodeset="/data/meta/instanceID" type="string" jr:preload="uid"/>
      <bind nodeset="/data/meta/instanceName" type="string" calculate="/data/age"/>
    </model>
  </h:head>
  <h:body>
    <input ref="/data/age"><label>Age</label></input>
    <input ref="/data/weight"><label>Weight</label></input>
    <input ref="/data/born"><label>Born</label></input>
    <input ref="/data/agreed"><label>Agreed</label></input>
    <input ref="/data/home"><label>Home</label></input>
    <input ref="/data/path"><label>Path</label></input>
    <input ref="/data/field"><label>Field</label></input>
    <select ref="/data/langs"><label>Languages</label>
      <itemset nodeset="instance('langs')/root/item"><value ref="name"/><label ref="label"/></itemset>
    </select>
    <upload ref="/data/photo" mediatype="image/*"><label>Photo</label></upload>
    <group ref="/data/contact"><label>Contact</label>
      <input ref="/data/contact/phone"><label>Phone</label></input>
      <input ref="/data/contact/e-mail"><label>E-mail</label></input>
    </group>
    <group ref="/data/family"><label>Family</label>
      <group ref="/data/family/child"><label>Child</label><repeat nodeset="/data/family/child">
        <input ref="/data/family/child/nick"><label>Nick</label></input>
        <group ref="/data/family/child/size"><input ref="/data/family/child/size/height"><label>Height</label></input></group>
        <group ref="/data/family/child/toy"><label>Toy</label><repeat nodeset="/data/family/child/toy">
          <input ref="/data/family/child/toy/label"><label>Label</label></input>
        </repeat></group>
      </repeat></group>
    </group>
    <group ref="/data/visit"><label>Visit</label><repeat nodeset="/data/visit">
      <input ref="/data/visit/day"><label>Day</label></input>
    </repeat></group>
  </h:body>
</h:html>
"""

FULL = """
<start>2026-01-31T09:00:00.000+01</start><age>30</age><weight>61.5</weight><born>1996-02-29</born><agreed>true</agreed>
<home>12.6 -8.0 350.5 4.2</home><path>12.6 -8.0 0 0; 12.7 -8.1 0 0</path><field>1 2 0 0;3 4 0 0;5 6 0 0;1 2 0 0</field>
<langs>fr bm</langs><photo>p.jpg</photo><contact><phone>+22370000000</phone><e-mail>a@b.test</e-mail></contact>
<family>
  <child><nick>Awa</nick><size><height>90</height></size><toy><label>ball</label></toy><toy><label>car, red</label></toy></child>
  <child><nick>Bah</nick><size><height/></size></child>
</family>
<visit><day>2026-02-01</day></visit>
"""


def survey(form_id: str = "survey", version: str = "1", more: str = "") -> bytes:
    """The XForm; *more* are further elements of its instance."""
    return XFORM.format(form_id=form_id, version=version, more=more).encode()


def filled(
    instance_id: str,
    answers: str = FULL,
    *,
    form_id: str = "survey",
    version: str = "1",
    meta: Mapping[str, str] | None = None,
) -> bytes:
    """A submission of it with the elements *answers*."""
    said = "".join(f"<orx:{name}>{text}</orx:{name}>" for name, text in (meta or {}).items())
    return (
        f'<?xml version="1.0"?><data id="{form_id}" version="{version}" xmlns:orx="http://openrosa.org/xforms">{answers}'
        f"<orx:meta><orx:instanceID>{instance_id}</orx:instanceID>{said}</orx:meta></data>"
    ).encode()
