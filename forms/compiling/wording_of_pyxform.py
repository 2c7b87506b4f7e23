"""What pyxform 4.5 says of a workbook: rule → template, without the row that may stand before it.

The rules in capitals are pyxform's own `ErrorCode`s; the others have no name there. Failures of its insides are not here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

TEMPLATES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "ENTITY_001": (
            "On the 'survey' sheet, the 'save_to' value is invalid. To save entity properties using the save_to column, "
            "add an entities sheet and declare an entity."
        ),
        "ENTITY_002": (
            "On the 'survey' sheet, the 'save_to' value is invalid. The save_to property '{saveto}' is already assigned by "
            "row '{other_row}'. Either remove or change one of these duplicate save_to property names."
        ),
        "ENTITY_003": (
            "On the 'survey' sheet, the 'save_to' value is invalid. Groups and repeats can't be saved as entity "
            "properties. Either remove or move the save_to value in this row."
        ),
        "ENTITY_004": (
            "On the 'survey' sheet, the 'save_to' value is invalid. The entity list name '{dataset}' was not found on the "
            "entities sheet. Please either: check the spelling of the list name in the save_to value, or on the entities "
            "sheet add a row for this entity list, or check the spelling of existing entity list names."
        ),
        "ENTITY_005": (
            "On the 'entities' sheet, the entity declaration is invalid. The entity list name '{dataset}' does not have a "
            "label, but a 'label' is required when creating entities. Creating entities is indicated by using a "
            "'create_if' expression, or by not using 'entity_id' expression. Please either: add a 'label' for this entity "
            "declaration, or to update entities instead provide an 'entity_id' (and optionally 'update_if') expression."
        ),
        "ENTITY_006": (
            "On the 'entities' sheet, the entity declaration is invalid. The entity list name '{dataset}' does not have an "
            "'update_if' expression, but an 'update_if' is required when upserting entities. Upserting entities is "
            "indicated by using 'create_if' and 'entity_id' expressions. Please either: add an 'update_if' for this entity "
            "declaration, or to only create entities instead remove the 'entity_id' expression."
        ),
        "ENTITY_007": (
            "On the 'entities' sheet, the entity declaration is invalid. The entity list name '{dataset}' does not have an "
            "'entity_id' expression, but an 'entity_id' is required when updating entities. Updating entities is indicated "
            "by using 'entity_id' and/or 'update_if' expressions. Please either: add an 'entity_id' for this entity "
            "declaration, or to only create entities instead move the 'update_if' to 'create_if'."
        ),
        "ENTITY_008": (
            "On the 'survey' sheet, the 'save_to' value is invalid. When there is more than one entity declaration, "
            "'save_to' names must be prefixed with the entity 'list_name' that the property belongs to. Please either: add "
            "the entity 'list_name' prefix separated with a '#' e.g. my_list#my_save_to (where 'my_list' is the entity "
            "'list_name', and 'my_save_to' is the 'save_to' property name), or remove all but one entity declarations."
        ),
        "ENTITY_009": (
            "On the 'entities' sheet, the entity declaration is invalid. Each container (survey, group, repeat) may have "
            "only one entity declaration, but there are no valid containers available in the scope: '{scope}', which has "
            "been allocated to the entity on row '{other_row}'. Please either: check which entities are referred to from "
            "the 'survey' sheetin the 'save_to' column, or check which questions are being referred to from the 'entities' "
            "sheet with variable references (such as in the 'label')."
        ),
        "ENTITY_011": (
            "On the 'survey' sheet, the 'save_to' value is invalid. The entity list name '{dataset}' has a reference in "
            "container scope '{other_scope}' which is not compatible with this 'save_to' reference in scope '{scope}'. "
            "Please either: check the spelling of the list name in the 'save_to', or copy either value into the desired "
            "container scope with a 'calculate' question then use that 'calculate' for the 'save_to'."
        ),
        "ENTITY_012": (
            "On the 'entities' sheet, the entity declaration is invalid. The entity list name '{dataset}' has a reference "
            "in container scope '{other_scope}' which is not compatible with the variable reference to '{question}' in "
            "scope '{scope}'. Please either: check the spelling of the variable references, or copy either value into the "
            "desired container scope with a 'calculate' question then use that 'calculate' for the 'save_to'."
        ),
        "ENTITY_013": (
            "On the 'survey' sheet, the 'save_to' value is invalid. A 'save_to' value must have at most one '#' delimiter "
            "character. Please check the spelling of this 'save_to' value."
        ),
        "HEADER_001": (
            "Invalid headers provided for sheet: '{sheet_name}'. For XLSForms, this may be due a missing header row, in "
            "which case add a header row as per the reference template https://xlsform.org/en/ref-table/. For internal API "
            "usage, may be due to a missing mapping for '{header}', in which case ensure that the full set of headers "
            "appear within the first 100 rows, or specify the header row in '{sheet_name}_header'."
        ),
        "HEADER_002": (
            "Invalid headers provided for sheet: '{sheet_name}'. Headers that are different names for the same column were "
            "found: '{other}', '{header}'. Rename or remove one of these columns."
        ),
        "HEADER_003": (
            "Invalid headers provided for sheet: '{sheet_name}'. One or more required column headers were not found: "
            "{missing}. Learn more: https://xlsform.org/en/#setting-up-your-worksheets"
        ),
        "HEADER_004": (
            "On the 'choices' sheet, the '{column}' value is invalid. Column headers must not be empty and must not "
            "contain spaces. Learn more: https://xlsform.org/en/#setting-up-your-worksheets"
        ),
        "HEADER_005": (
            "On the 'entities' sheet, one or more column names are invalid. The following column(s) are not supported by "
            "this version of pyxform: {columns}. Please either: check the spelling of the column names, remove the "
            "columns, or update pyxform."
        ),
        "LABEL_001": (
            "On the 'choices' sheet, the 'label' value is invalid. Choices should have a label. Learn more: "
            "https://xlsform.org/en/#setting-up-your-worksheets"
        ),
        "NAMES_001": (
            "On the 'survey' sheet, the 'name' value '{value}' is invalid. Questions, groups, and repeats must be unique "
            "within their nearest parent group or repeat, or the survey if not inside a group or repeat."
        ),
        "NAMES_002": (
            "On the 'survey' sheet, the 'name' value '{value}' is problematic. The name is a case-insensitive match to "
            "another name. Questions, groups, and repeats should be unique within the nearest parent group or repeat, or "
            "the survey if not inside a group or repeat. Some data processing tools are not case-sensitive, so the current "
            "names may make analysis difficult."
        ),
        "NAMES_003": (
            "On the 'survey' sheet, the 'name' value '{value}' is invalid. Repeat names must not be the same as the survey "
            "root (which defaults to 'data')."
        ),
        "NAMES_004": (
            "On the 'survey' sheet, the 'name' value '{value}' is invalid. Repeat names must unique anywhere in the "
            "survey, at all levels of group or repeat nesting."
        ),
        "NAMES_005": "On the 'survey' sheet, the 'name' value 'meta' is invalid. The name 'meta' is reserved for form metadata.",
        "NAMES_006": (
            "On the 'choices' sheet, the 'name' value is invalid. Choices must have a name. Learn more: "
            "https://xlsform.org/en/#setting-up-your-worksheets"
        ),
        "NAMES_007": (
            "On the 'choices' sheet, the 'name' value is invalid. Choice names must be unique for each choice list. If "
            "this is intentional, use the setting 'allow_choice_duplicates'. Learn more: https://xlsform.org/#choice-names."
        ),
        "NAMES_008": (
            "On the '{sheet}' sheet, the '{column}' value is invalid. Names must begin with a letter or underscore. After "
            "the first character, names may contain letters, digits, underscores, hyphens, or periods."
        ),
        "NAMES_009": (
            "The '{name}' value is invalid. Names must begin with a letter or underscore. After the first character, names "
            "may contain letters, digits, underscores, hyphens, or periods."
        ),
        "NAMES_010": (
            "On the '{sheet}' sheet, the '{column}' value is invalid. Names used here must not begin with two underscores."
        ),
        "NAMES_011": "On the '{sheet}' sheet, the '{column}' value is invalid. Names used here must not contain a period.",
        "NAMES_012": (
            "On the '{sheet}' sheet, the '{column}' value is invalid. Names used here must not be 'name' or 'label' "
            "(case-insensitive)."
        ),
        "NAMES_014": (
            "On the 'entities' sheet, the 'list_name' value is invalid. The 'list_name' column must not have any duplicate names."
        ),
        "NAMES_015": "On the 'entities' sheet, the 'list_name' value is invalid. Entity lists must have a name.",
        "PYREF_001": (
            "On the '{sheet}' sheet, the '{column}' value is invalid. Reference variables must start with '${{', then a "
            "question name, and end with '}}'."
        ),
        "PYREF_002": (
            "On the '{sheet}' sheet, the '{column}' value is invalid. Reference variable lists must have a comma between "
            "each variable."
        ),
        "PYREF_003": (
            "On the '{sheet}' sheet, the '{column}' value is invalid. Reference variables must contain a name from the "
            "'survey' sheet. Could not find the name '{q}'."
        ),
        "PYREF_004": (
            "On the '{sheet}' sheet, the '{column}' value is invalid. Reference variables names must be unique anywhere in "
            "the 'survey'. The name '{q}' appears more than once."
        ),
        "RANGE_001": (
            "On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter "
            "'{name}' must be a number."
        ),
        "RANGE_002": (
            "On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter "
            "'{name}' must not be '0' (zero)."
        ),
        "RANGE_003": (
            "On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter "
            "'{name}' must not be larger than the range (the difference between 'start' and 'end')."
        ),
        "RANGE_004": (
            "On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter "
            "'{name}' must be a multiple of 'step'."
        ),
        "RANGE_005": (
            "On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter "
            "'{name}' must be between the 'start' and 'end' values, inclusive)."
        ),
        "RANGE_006": (
            "On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter "
            "'tick_labelset' must be a choice list name from the 'list_name' column on the choices sheet."
        ),
        "RANGE_007": (
            "On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter "
            "'tick_labelset' choice list must have only 2 items when the 'appearance' is 'no-ticks'."
        ),
        "RANGE_008": (
            "On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameters "
            "'tick_interval', 'placeholder', and 'tick_labelset' are only supported for the appearances 'vertical', "
            "'no-ticks', 'vertical no-ticks', and the default (empty) horizontal."
        ),
        "RANGE_009": (
            "On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter "
            "'{tick_labelset}' choice values must all be numbers."
        ),
        "RANGE_010": (
            "On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter "
            "'tick_labelset' choices must be between the 'start' and 'end' values, inclusive."
        ),
        "RANGE_011": (
            "On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter "
            "'tick_labelset' choices' values must be equal to the start of the range plus a multiple of '{name}'."
        ),
        "RANGE_012": (
            "On the 'survey' sheet, the 'parameters' value is invalid. For the 'range' question type, the parameter "
            "'tick_labelset' choice list values may onlymatch the range 'start' and 'end' values when the 'appearance' is "
            "'no-ticks'."
        ),
        "SURVEY_001": "Unmatched 'end_{type}'. No matching 'begin_{type}' was found for the name '{name}'.",
        "SURVEY_002": "Unmatched 'begin_{type}'. No matching 'end_{type}' was found for the name '{name}'.",
        "SURVEY_003": (
            "On the '{sheet}' sheet, the '{column}' value is invalid. For geoshape and geotrace questions, the "
            "'incremental' parameter may either be 'true' or not included."
        ),
        "SURVEY_004": (
            "On the 'survey' sheet, the 'parameters' value is invalid. Parameters must be in the form of 'key1=value1 "
            "key2=value2."
        ),
        "SURVEY_005": (
            "On the 'survey' sheet, the 'parameters' value is invalid. The accepted parameter keys for this question type "
            "are '{accepted}'. The following are invalid parameter key(s): '{rejected}'."
        ),
        "SURVEY_006": (
            "On the 'survey' sheet, the 'parameters' value is invalid. The 'reference-geometry' parameter must either "
            "match a secondary instance name (a choices list_name, an entities list_name, or the base name of an attached "
            "file), or be a reference variable containing the name of a repeat."
        ),
        "SURVEY_007": (
            "On the 'survey' sheet, the 'parameters' value is invalid. The 'capture-accuracy' parameter must have a "
            "numeric value."
        ),
        "SURVEY_008": (
            "On the 'survey' sheet, the 'parameters' value is invalid. The 'warning-accuracy' parameter must have a "
            "numeric value."
        ),
        "SURVEY_009": (
            "On the 'survey' sheet, the 'parameters' value is invalid. The 'allow-mock-accuracy' parameter must be either "
            "'true' or 'false'."
        ),
        "both-ids": (
            "The form_id and id_string column headers are both specified in the settings sheet provided. This may cause "
            "errors during conversion. In future, its best to avoid specifying both column headers in the settings sheet."
        ),
        "sheet-misspelled": (
            "When looking for a sheet named '{sheet}', the following sheets with similar names were found: {candidates}. "
            "If you do not mean to include a sheet, to suppress this message, prefix the sheet name with an underscore. "
            "For example 'setting' becomes '_setting'."
        ),
        "disabled": "The 'disabled' column header is not part of the current spec. We recommend using relevant instead.",
        "row-skipped": "Row without name, text, or label is being skipped:\n{row}",
        "device-field": (
            "{type} is no longer supported on most devices. Only old versions of Collect on Android versions older than 11 "
            "still support it."
        ),
        "no-repeat-label": "Repeat has no label: {row}",
        "external-unfiltered": "select one external is only meant for filtered selects.",
        "or-other-translated": (
            "This form uses or_other and translations, which is not recommended. An untranslated input question label and "
            "choice label is generated for 'other'. Learn more: https://xlsform.org/en/#specify-other)."
        ),
        "column-untranslated": "Language '{language}' is missing the {sheet} {column} column.",
        "columns-untranslated": "Language '{language}' is missing the {sheet} columns {columns}.",
        "language-codes": (
            "The following language declarations do not contain valid machine-readable codes: {languages}. Learn more: "
            "http://xlsform.org#multiple-language-support"
        ),
        "no-survey": "You must have a sheet named 'survey'.",
        "survey-misspelled": (
            "You must have a sheet named 'survey'. When looking for a sheet named 'survey', the following sheets with "
            "similar names were found: {candidates}."
        ),
        "no-type": "Question with no type.\n{row}",
        "audit-name": "Audits must always be named 'audit.' The name column should be left blank.",
        "parameter-true-false": "{parameter} must be set to true or false: '{value}' is an invalid value.",
        "randomize-true-false": "randomize must be set to true or false: '{value}' is an invalid value",
        "track-changes-reasons": "track-changes-reasons must be set to on-form-edit",
        "location-priority": (
            "Parameter location-priority must be set to no-power, low-power, balanced, or high-accuracy:'{value}' is an "
            "invalid value"
        ),
        "parameter-integer": "Parameter {parameter} must have an integer value.",
        "location-interval": "Parameter location-min-interval must be greater than or equal to zero.",
        "location-age": "Parameter location-max-age must be greater  than or equal to zero.",
        "location-age-interval": "Parameter location-max-age must be greater than or equal to location-min-interval.",
        "location-parameters": (
            "To include location information in the audit, 'location-priority', 'location-min-interval', and "
            "'location-max-age' are required parameters."
        ),
        "no-calculation": "Missing calculation.",
        "no-name": "Question or group with no name.",
        "no-external-choices": (
            "There should be an external_choices sheet in this xlsform. Please ensure that the external_choices sheet has "
            "columns 'list name', and 'name'."
        ),
        "not-in-external-choices": "List name not in external choices sheet: {list}",
        "no-choices": (
            "There should be a choices sheet in this xlsform. Please ensure that the choices sheet has the mandatory "
            "columns 'list_name', 'name', and 'label'."
        ),
        "choices-misspelled": (
            "There should be a choices sheet in this xlsform. When looking for a sheet named 'choices', the following "
            "sheets with similar names were found: {candidates}. Please ensure that the choices sheet has the mandatory "
            "columns 'list_name', 'name', and 'label'."
        ),
        "not-in-choices": "List name not in choices sheet: {list}",
        "choice-with-space": "Choice names with spaces cannot be added to multiple choice selects. See [{choice}] in [{list}]",
        "or-other-filtered": "Choice filter not supported with or_other.",
        "or-other-without-choices": "Please specify choices for this 'or other' question.",
        "seed": "seed value must be a number or a reference to another field.",
        "seed-alone": "Parameters must include randomize=true to use a seed.",
        "table-list-filtered": "Choice filter not supported for table-list appearance.",
        "table-list-differs": "Badly formatted table list, list names don't match: {first} vs. {second}",
        "quality": "Invalid value for quality.",
        "max-pixels": (
            "Use the max-pixels parameter to speed up submission sending and save storage space. Learn more: "
            "https://xlsform.org/#image"
        ),
        "android-package": "Parameter 'app' has an invalid Android package name - {reason}",
        "encrypted-without-instance-id": "Cannot omit instanceID, it is required for encryption.",
        "instance-name-twice": (
            "Instance names must be unique within a form. The name '{name}' was found {times} time(s), under these "
            "contexts: {contexts}"
        ),
        "instance-twice": (
            "The same instance id will be generated for different external instance source URIs. Please check the form. "
            "Instance name: '{name}', Existing type: '{type}', Existing URI: '{uri}', Duplicate type: '{other_type}', "
            "Duplicate URI: '{other_uri}', Duplicate context: '{context}'."
        ),
        "search-in-file": (
            "Question '{name}' is a select from file type, using 'search()'. This combination is not supported. Remove the "
            "'search()' usage, or change the select type."
        ),
        "search-shared": (
            "Question '{name}' uses 'search()', and its select type references the choice list name '{list}'. This choice "
            "list name is referenced by at least one other question that is not using 'search()', which will not work: "
            "{others}. Either 1) use 'search()' for all questions using this choice list name, or 2) use a different "
            "choice list name for the question using 'search()'."
        ),
        "no-label": "The survey element named '{name}' has no label or hint.",
        "big-image": "To use big-image, you must also specify an image for the survey element named {name}.",
        "trigger-unseen": (
            "The question ${{{name}}} is not user-visible so it can't be used as a calculation trigger for question ${{{other}}}."
        ),
        "unknown-type": "Unknown question type '{type}'.",
        "file-ending": "File name for '{type}' should end with one of the supported file extensions: {endings}",
        "background-geopoint-calculation": "For 'background-geopoint' questions, the 'calculation' column must be empty.",
        "background-geopoint-trigger": "For 'background-geopoint' questions, the 'trigger' column must not be empty.",
        "failed": "The compiler failed on this form without saying where.",
    }
)
