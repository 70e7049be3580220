/**
 * A database that is as hostile as its users can make it: for every operator, function, view and type of PostgreSQL's
 * own there is another one of the same name, in every schema that a search_path can lead to, and every setting that
 * could change an answer, or end a session, is set for the databases and roles. Whatever of it is executed leaves a line
 * with the word TRIPPED in the server's log; executed by a superuser, it makes `mallory` one, too.
 */

/** The types of which each operator is made for every pair. */
const TYPES = [
  ...['text', 'name', '"char"', 'bool', 'int4', 'int8', 'float8', 'numeric'],
  ...['oid', 'pg_lsn', 'timestamptz', 'interval', 'inet', 'text[]', 'name[]', 'oid[]'],
]

/**
 * What everybody may use, and `"$user"` of a session of the account's, with the most frequent types only: making them
 * takes its time.
 */
const SCHEMAS: readonly (readonly [string, readonly string[]])[] = [
  ['public', TYPES],
  ['postgres', ['text', 'name', 'int4', 'float8', 'numeric']],
]

/** Operators, and what they give. */
const OPERATORS: readonly (readonly [string, string])[] = [
  ...['=', '<>', '<', '<=', '>', '>=', '~~', '!~~', '~', '&&', '@>', '<@'].map(
    (name) => [name, 'bool'] as const,
  ),
  ['||', 'text'],
  ...['+', '-', '*', '/', '%'].map((name) => [name, 'float8'] as const),
]

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`
const listed = (texts: readonly string[]): string => texts.map(quoted).join(', ')

const BEFORE = `
  set client_min_messages = error;
  set check_function_bodies = off;
  create role mallory login;
  create role watcher login;
  create role driller superuser login;
  grant pg_monitor to watcher;
  grant create on database template1 to mallory;
  grant create on schema public to mallory;
  set role mallory;
  create schema postgres;
  grant usage on schema postgres to public;
  create function public.trip(what text) returns bool language plpgsql set search_path = pg_catalog as $$
    begin
      raise log 'TRIPPED % as %', what, session_user;
      begin
        execute 'alter role mallory superuser';
      exception when others then null;
      end;
      return true;
    end $$;`

/** Makes in one schema what has the names of PostgreSQL's own. */
const inSchema = ([schema, types]: readonly [string, readonly string[]]): string => `
  do $do$
  #variable_conflict use_column
  declare
    r record;
    body text := 'begin perform public.trip(%s); return%s; end';
    pair text;
  begin
    for r in
      select p.proname, pg_get_function_arguments(p.oid) as args, pg_get_function_result(p.oid) as result,
             p.proretset or p.prorettype = 'void'::regtype or coalesce(p.proargmodes && '{o,t,b}'::"char"[], false) as void
        from pg_proc p
       where p.pronamespace = 'pg_catalog'::regnamespace and pg_get_function_result(p.oid) is not null
         and not exists (
           select from unnest(p.proargtypes::oid[] || coalesce(p.proallargtypes, '{}'::oid[]) || p.prorettype) as used
             join pg_type t on t.oid = used
            where t.typtype = 'p' and t.typname not in ('anyelement', 'anyarray', 'anynonarray', 'record', 'void'))
    loop
      begin
        execute format('create function ${schema}.%I(%s) returns %s language plpgsql as %L', r.proname, r.args, r.result,
          format(body, quote_literal('function ' || r.proname), case when r.void then '' else ' null' end));
      exception when others then null;
      end;
    end loop;

    -- What takes any number of any arguments is no exact match where there is one for so many texts.
    for r in
      select distinct p.proname, repeat('text, ', n) || 'text' as args
        from pg_proc p, generate_series(0, 4) as n
       where p.pronamespace = 'pg_catalog'::regnamespace and p.provariadic = '"any"'::regtype
    loop
      begin
        execute format('create function ${schema}.%I(%s) returns text language plpgsql as %L', r.proname, r.args,
          format(body, quote_literal('function ' || r.proname), ' null'));
      exception when others then null;
      end;
    end loop;

    for r in
      select o.oid, oprname, oprleft::regtype::text as l, oprright::regtype::text as r, oprresult::regtype::text as result
        from pg_operator o
       where oprnamespace = 'pg_catalog'::regnamespace and oprresult <> 0
         and not exists (
           select from pg_type t
            where t.oid in (oprleft, oprright, oprresult) and t.typtype = 'p' and t.typname not like 'any%')
    loop
      begin
        pair := concat_ws(', ', nullif(r.l, '-'), nullif(r.r, '-'));
        execute format('create function ${schema}.exact_%s(%s) returns %s language plpgsql as %L', r.oid, pair, r.result,
          format(body, quote_literal('operator ' || r.oprname || '(' || pair || ')'), ' null'));
        execute format('create operator ${schema}.%s (procedure = ${schema}.exact_%s %s %s)', r.oprname, r.oid,
          case when r.l <> '-' then ', leftarg = ' || r.l else '' end,
          case when r.r <> '-' then ', rightarg = ' || r.r else '' end);
      exception when others then null;
      end;
    end loop;

    for r in
      select l, r, result from unnest(array[${listed(types)}]) as l, unnest(array[${listed(types)}]) as r,
             unnest(array['bool', 'text', 'float8']) as result
    loop
      execute format('create function ${schema}.operator_%1$s(%2$s, %3$s) returns %1$s language plpgsql as %4$L', r.result,
        r.l, r.r, format(body, quote_literal('operator(' || r.l || ', ' || r.r || ') that gives ' || r.result), ' null'));
    end loop;
    for r in
      select l, r, name, result from unnest(array[${listed(types)}]) as l, unnest(array[${listed(types)}]) as r,
             (values ${OPERATORS.map(([name, result]) => `(${quoted(name)}, ${quoted(result)})`).join(', ')}) as o (name, result)
       where not exists (
         select from pg_operator where oprname = name and oprleft = l::regtype and oprright = r::regtype
            and oprnamespace = '${schema}'::regnamespace)
    loop
      execute format('create operator ${schema}.%s (procedure = ${schema}.operator_%s, leftarg = %s, rightarg = %s)', r.name,
        r.result, r.l, r.r);
    end loop;

    for r in
      select relname from pg_class where relnamespace = 'pg_catalog'::regnamespace and relkind in ('r', 'v')
    loop
      begin
        execute format('create view ${schema}.%I as select * from pg_catalog.%1$I where public.trip(%L)', r.relname,
          'view ' || r.relname);
        execute format('grant select on ${schema}.%I to public', r.relname);
      exception when others then null;
      end;
    end loop;

    for r in
      select typname from pg_type
       where typname in ('text', 'name', 'oid', 'pg_lsn', 'timestamptz', 'inet', 'regclass', 'regnamespace', 'float8', 'int4', 'int8')
         and typnamespace = 'pg_catalog'::regnamespace
    loop
      execute format('create domain ${schema}.%I as pg_catalog.%1$I check (public.trip(%L))', r.typname, 'type ' || r.typname);
    end loop;

    -- A cast is its owner's only where one of its types is.
    create type ${schema}.word as (letters text);
    create function ${schema}.to_word(text) returns ${schema}.word language plpgsql as
      $body$ begin perform public.trip('cast'); return null; end $body$;
    create cast (text as ${schema}.word) with function ${schema}.to_word(text) as implicit;
  end $do$;`

/** How many of each kind there are in a schema; on every version there have to be about so many. */
export const COUNT_OBJECTS = `
  select (select count(*) from pg_proc where pronamespace = 'public'::regnamespace) || ' '
      || (select count(*) from pg_operator where oprnamespace = 'public'::regnamespace) || ' '
      || (select count(*) from pg_class where relnamespace = 'public'::regnamespace and relkind = 'v')`

/** What an owner of a database may set for it, to end our sessions and to change what they answer. */
export function hostileSettings(version: number): readonly (readonly [string, string])[] {
  return [
    ['search_path', 'public, "$user", pg_catalog'],
    ['statement_timeout', '1'],
    ['lock_timeout', '1'],
    ['idle_in_transaction_session_timeout', '1'],
    ...(version >= 14 ? ([['idle_session_timeout', '1']] as const) : []),
    ...(version >= 17 ? ([['transaction_timeout', '1']] as const) : []),
    ['exit_on_error', 'on'],
    ['local_preload_libraries', 'there_is_none'],
    ['default_transaction_isolation', 'serializable'],
    ['default_transaction_read_only', 'on'],
    ['default_transaction_deferrable', 'on'],
    ['role', 'mallory'],
    ['client_encoding', 'LATIN1'],
    ['client_min_messages', 'debug5'],
    ['standard_conforming_strings', 'off'],
    ['transform_null_equals', 'on'],
    ['array_nulls', 'off'],
    ['quote_all_identifiers', 'on'],
    ['DateStyle', 'SQL, DMY'],
    ['IntervalStyle', 'sql_standard'],
    ['TimeZone', 'Asia/Kathmandu'],
    ['bytea_output', 'escape'],
    ['extra_float_digits', '-15'],
    ...(version >= 11 ? ([['jit_above_cost', '0']] as const) : []),
  ]
}

const settingsOf = (target: string, settings: readonly (readonly [string, string])[]): string =>
  settings
    .map(
      ([name, value]) => `alter ${target} set ${name} = ${name === 'search_path' ? value : quoted(value)};\n`,
    )
    .join('')

/** What template1 is made: run it in template1, as a superuser. */
export function hostileTemplate(version: number): string {
  // They are a superuser's to make.
  const triggers = `
  create function public.fire() returns event_trigger language plpgsql as
    $$ begin raise log 'TRIPPED event trigger as %', session_user; end $$;
  create event trigger hostile_login on login execute function public.fire();`
  return `${BEFORE} ${SCHEMAS.map(inSchema).join('\n')} reset role; ${version >= 17 ? triggers : ''}`
}

/**
 * The databases, all of them like template1: `app`, with its settings and mallory's own; `postgres`; `quiet`, mallory's
 * own, too, and with no settings but the server's. Run it in template1, statement by statement.
 */
export const HOSTILE_DATABASES: readonly string[] = [
  'drop database postgres',
  ...['postgres', 'app', 'quiet'].map((name) => `create database ${name} template template1`),
  ...['app', 'quiet'].map((name) => `alter database ${name} owner to mallory`),
]

/** The settings of databases and roles. */
export function hostileSettingsText(version: number): string {
  const settings = hostileSettings(version)
  return (
    settingsOf('database app', settings) +
    settingsOf('role postgres in database postgres', settings) +
    settingsOf(
      'role postgres',
      settings.filter(([name]) => name !== 'search_path'),
    ) +
    settingsOf('role watcher in database app', settings) +
    // What only a superuser may set.
    settingsOf('role postgres in database app', [
      ['session_replication_role', 'replica'],
      ['lc_messages', 'POSIX'],
    ])
  )
}
