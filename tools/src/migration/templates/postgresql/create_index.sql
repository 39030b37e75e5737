{% import "macros" as sql %}
{% block up %}
-- Builds an index beside the readers and writers of the table.
-- One that could not be built is left INVALID: drop it before this is run again.
{{ sql.create_index(index, unique, true) }}
{% endblock %}

{% block down %}
-- Drops the index.
{{ sql.drop_index(index, true) }}
{% endblock %}
