-- Two logins for one database, so that what serves requests owns nothing: recomengine_owner runs migrate, backup and restore,
-- recomengine_serving runs serve and worker. Call it once as a superuser, with psql 15 or newer, connected to the database:
--     OWNER_PASSWORD=… SERVING_PASSWORD=… psql -d recomengine -f roles.sql
\set ON_ERROR_STOP on
\getenv owner_password OWNER_PASSWORD
\getenv serving_password SERVING_PASSWORD

CREATE ROLE recomengine_owner LOGIN CREATEROLE PASSWORD :'owner_password';
CREATE ROLE recomengine_serving LOGIN PASSWORD :'serving_password';
SELECT 'CREATE ROLE recomengine_app NOLOGIN' WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'recomengine_app') \gexec
GRANT recomengine_app TO recomengine_owner WITH ADMIN OPTION;
GRANT recomengine_app TO recomengine_serving;
ALTER DATABASE :"DBNAME" OWNER TO recomengine_owner;
