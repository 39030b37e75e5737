{% import "macros" as sql %}
{# This trigger takes the place of the backfill's, which would take its NULL for the work of an old program. #}
{% block up %}
{% for column in columns if column.plaintext %}
{{ sql.drop_trigger(column.name, "backfill") }}
{{ sql.create_relax(column) }}
{% endfor %}
{% endblock %}

{% block down %}
-- Restores the state after the step add.
{% for column in columns if column.plaintext %}
{{ sql.drop_trigger(column.name, "relax") }}
{{ sql.drop_trigger(column.name, "backfill") }}
{{ sql.create_backfill(column) }}
{% endfor %}
{% endblock %}
