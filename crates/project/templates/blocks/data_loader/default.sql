-- Reads data from the database that the block's settings name.
-- Variables: {{ '{{ region }}' }}; the environment: {{ "{{ env_var('NAME') }}" }}
select 1 as id
