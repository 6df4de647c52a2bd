\set from random(1, :users)
\set to random(1, :users - 1)
\set to case when :to >= :from then :to + 1 else :to end
\set number random(1, 9000000000000000000)
select transfer(:client_id || '-' || :number, :from, :to, 1);
