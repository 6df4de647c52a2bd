-- A plain ledger as a competent team would write it: accounts with a balance that can't fall below 0, transfers under a
-- unique idempotency key, two entries for each transfer with the balance after it. Accounts are named by number, which
-- saves looking a name up, and there are no foreign keys, since the functions below are the only ones to write: both
-- are in its favour.

create table accounts (
    id bigint primary key,
    balance bigint not null check (balance >= 0)
) with (fillfactor = 50);

create table transfers (
    id bigint generated always as identity (cache 32) primary key,
    idempotency_key text not null unique,
    from_account bigint not null,
    to_account bigint not null,
    amount bigint not null check (amount > 0),
    created_at timestamptz not null default now()
);

create table entries (
    account_id bigint not null,
    transfer_id bigint not null,
    amount bigint not null,
    balance bigint not null,
    primary key (account_id, transfer_id)
);

-- One transfer. Asked again under the same key, it is not done again.
create function transfer(key text, from_id bigint, to_id bigint, coins bigint) returns bigint
language plpgsql as $$
declare
    done transfers;
    from_balance bigint;
    to_balance bigint;
begin
    insert into transfers (idempotency_key, from_account, to_account, amount)
    values (key, from_id, to_id, coins)
    on conflict (idempotency_key) do nothing
    returning * into done;
    if not found then
        select * into strict done from transfers where idempotency_key = key;
        if (done.from_account, done.to_account, done.amount) is distinct from (from_id, to_id, coins) then
            raise exception 'the idempotency key names another request';
        end if;
        return done.id;
    end if;
    -- In a fixed order, so that two transfers between the same accounts can't wait for each other.
    perform from accounts where id in (from_id, to_id) order by id for no key update;
    update accounts set balance = balance - coins where id = from_id and balance >= coins returning balance into from_balance;
    if not found then
        raise exception 'not enough coins, or no such account';
    end if;
    update accounts set balance = balance + coins where id = to_id returning balance into strict to_balance;
    insert into entries (account_id, transfer_id, amount, balance)
    values (from_id, done.id, -coins, from_balance), (to_id, done.id, coins, to_balance);
    return done.id;
end
$$;

-- Many transfers at once, all or none, as sets: the balance after each entry is a running sum.
-- Planned anew with each call: a plan that is kept takes the arrays for small ones.
create function transfer_batch(keys text[], from_ids bigint[], to_ids bigint[], coins bigint[]) returns bigint
language plpgsql set plan_cache_mode = force_custom_plan as $$
declare
    count bigint;
begin
    perform from accounts where id in (select unnest(from_ids) union select unnest(to_ids)) order by id for no key update;
    with asked as (
        select * from unnest(keys, from_ids, to_ids, coins) as asked (key, from_id, to_id, amount)
    ), done as (
        insert into transfers (idempotency_key, from_account, to_account, amount)
        select key, from_id, to_id, amount from asked
        on conflict (idempotency_key) do nothing
        returning id, from_account, to_account, amount
    ), legs as (
        select from_account as account_id, id, -amount as amount from done
        union all
        select to_account, id, amount from done
    ), running as (
        select legs.account_id, legs.id, legs.amount,
               accounts.balance + sum(legs.amount) over (partition by legs.account_id order by legs.id) as balance
        from legs join accounts on accounts.id = legs.account_id
    ), written as (
        insert into entries (account_id, transfer_id, amount, balance)
        select account_id, id, amount, balance from running
        returning account_id, amount, balance
    ), moved as (
        update accounts set balance = accounts.balance + sums.amount
        from (select account_id, sum(amount) as amount, min(balance) as lowest from written group by account_id) sums
        where accounts.id = sums.account_id and sums.lowest >= 0
        returning accounts.id
    )
    select (select count(*) from done) into count
    where (select count(*) from moved) = (select count(distinct account_id) from written);
    if count is null then
        raise exception 'not enough coins, or no such account';
    end if;
    return count;
end
$$;
