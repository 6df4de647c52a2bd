\set number random(1, 9000000000000000000)
select transfer_batch(
    array_agg(:client_id || '-' || :number || '-' || n),
    array_agg(1 + (x * (:users - 1))::bigint),
    array_agg(1 + ((x * (:users - 1))::bigint + 1 + (y * (:users - 2))::bigint) % :users),
    array_agg(1::bigint))
from (select n, random() as x, random() as y from generate_series(1, :batch) as n offset 0) as made;
