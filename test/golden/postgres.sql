--
-- PostgreSQL database dump
--


-- Dumped from database version 15.20 (Debian 15.20-0+deb12u1)
-- Dumped by pg_dump version 15.20 (Debian 15.20-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: agentcore_consents; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.agentcore_consents (
    name text NOT NULL,
    sealed text NOT NULL,
    claimed smallint NOT NULL,
    expires_at bigint NOT NULL,
    kept_until bigint NOT NULL
);


--
-- Name: agentcore_consents_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.agentcore_consents_migrations (
    migration_id integer NOT NULL,
    created_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP NOT NULL,
    name text NOT NULL
);


--
-- Name: agentcore_consents_waits; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.agentcore_consents_waits (
    topic text NOT NULL,
    execution text NOT NULL,
    sealed text NOT NULL,
    expires_at bigint NOT NULL
);


--
-- Name: cluster_locks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.cluster_locks (
    shard_id character varying(50) NOT NULL,
    address character varying(255) NOT NULL,
    acquired_at timestamp without time zone NOT NULL
);


--
-- Name: cluster_messages; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.cluster_messages (
    id bigint NOT NULL,
    rowid bigint NOT NULL,
    message_id character varying(255),
    shard_id character varying(50) NOT NULL,
    entity_type character varying(150) NOT NULL,
    entity_id character varying(255) NOT NULL,
    kind integer NOT NULL,
    tag character varying(50),
    payload text,
    headers text,
    trace_id character varying(32),
    span_id character varying(16),
    sampled boolean,
    processed boolean DEFAULT false NOT NULL,
    request_id bigint NOT NULL,
    reply_id bigint,
    last_reply_id bigint,
    last_read timestamp without time zone,
    deliver_at bigint
);


--
-- Name: cluster_messages_rowid_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.cluster_messages_rowid_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: cluster_messages_rowid_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.cluster_messages_rowid_seq OWNED BY public.cluster_messages.rowid;


--
-- Name: cluster_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.cluster_migrations (
    migration_id integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    name text NOT NULL
);


--
-- Name: cluster_replies; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.cluster_replies (
    id bigint NOT NULL,
    rowid bigint NOT NULL,
    kind integer,
    request_id bigint NOT NULL,
    payload text NOT NULL,
    sequence integer,
    acked boolean DEFAULT false NOT NULL
);


--
-- Name: cluster_replies_rowid_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.cluster_replies_rowid_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: cluster_replies_rowid_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.cluster_replies_rowid_seq OWNED BY public.cluster_replies.rowid;


--
-- Name: cluster_runner_migrations; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.cluster_runner_migrations (
    migration_id integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    name text NOT NULL
);


--
-- Name: cluster_runners; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.cluster_runners (
    machine_id integer NOT NULL,
    address character varying(255) NOT NULL,
    runner text NOT NULL,
    healthy boolean DEFAULT true NOT NULL,
    last_heartbeat timestamp without time zone DEFAULT now() NOT NULL
);


--
-- Name: cluster_runners_machine_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.cluster_runners_machine_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: cluster_runners_machine_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.cluster_runners_machine_id_seq OWNED BY public.cluster_runners.machine_id;


--
-- Name: cluster_messages rowid; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cluster_messages ALTER COLUMN rowid SET DEFAULT nextval('public.cluster_messages_rowid_seq'::regclass);


--
-- Name: cluster_replies rowid; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cluster_replies ALTER COLUMN rowid SET DEFAULT nextval('public.cluster_replies_rowid_seq'::regclass);


--
-- Name: cluster_runners machine_id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cluster_runners ALTER COLUMN machine_id SET DEFAULT nextval('public.cluster_runners_machine_id_seq'::regclass);


--
-- Data for Name: agentcore_consents; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.agentcore_consents VALUES
	('IwTXWKRR3JWu-3-5uYWsYLDEp7l37a_XNJFkCBoMeoU', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiSVJfbUtHZVBVal9pIn0..AOoRPa0ZpIyj51Yk.3R3ym6or1XPNIuGVwQXrb2k92oQAi_rYQ7FuBo0bOHBPdWwDruMbFBnPYhxrZA1sPtGKei2dixDAYc_quFdvD1vNHnqRr2o56XjLJLSeInxBFUKrk2SPlmKZPNPSV8uObbrfeuy_k13w5arqPbSc7pDlzFwui14QNGB_TqMiQaY7iwPbHsHVugAdsO3Utv73o5rfigS_s0Pc2bGSgXYulc3LJE6MUE4c8xyWMipsyavV7vcBBaqP-0Rq0SFyOT_yfD_Fh9foYw3iip223dXtKLKGNWcIV6pZgqLTMGyZGurg4-IkG4zlm_zya5Rng9KvsSPYxYWO86YOUxKXvXyQQKxoQFbgKsVL4HsbIQYKt4EO8HlcXbL_oT-G_rZ7Zz79nUWKkfHhOaWDcU-ngDC54rOFR1nOHSU1TR2P-gA7ogtvQQvRyWRynFxB7lnLvOzvmyQejdkwjZaUiGJezfY3hwHCychM9B_BGPGWMSweDnmJYd6kr3YU-VyJg5KSrQPAMZc1QyP5KwMCfb339UU87ctcV2pCEqsYSLHaVtRBNbcoD0hAIzCqLN4-vHZdGC79Y4xdWC1WqSPj60-5PaGjnLNmIZ2cG8oBhBXyHf6Ay0jZ2kP7euPsiM5rapavkKtHx8Ty1jIhzjd_Pf6KDdVoTVx0v4BxWvLEumF5Qd7nQ-WTenBuBYuuJLucOg2c7MByW_GAx5wRhhI3TZUnraRAms1uSbeMXk0GgdBnzjsXqRfaTXJLbrFqUI8aIPIFIQjkrQ1BQcz_yMpXidZu9owC33ghY0hphVXohD8XZP0W1f9uHatn5CzCnPBL6wHaE0mwzkeayUvbTZUPfUN3BPTGRaA2H1Cd1T3LeLuw3qUbEE8Ab5zGy_6LFzgV-bSMdQ.bTX5S0WJMpjYcvEdHUoN8g', 0, 2051255400390, 2051256000390);


--
-- Data for Name: agentcore_consents_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.agentcore_consents_migrations VALUES
	(1, '2026-11-29 21:33:36.061668', 'sessions_and_waits');


--
-- Data for Name: agentcore_consents_waits; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.agentcore_consents_waits VALUES
	('8WxdfSo39_hMJePAta1rBtuN6mR_51nX4jBVQzem2vE', 'Vm2YicTZUVqXkQi0fFBWIn-0eoJGuxzQUnyWDzdQ8Gw', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiSVJfbUtHZVBVal9pIn0..rsHOY1o80cVjMZ2B.TF5fCH75mrzY0gFn6XVK6ha7jH9YOkaNeE-SwfMnJxi9BWxK1CFZ1PpjxvkwCYbmoxIPpeTHOCatOAH_Py4a7KhZ7DQjUkRWeUroXfZVXKGFsl1tdyb3E7b-HgiQqlXjNboV_eDujpBy_inVF9OMtsqBmxbL2wXfaUty3IVz4gwshwQB0NaVDodOosU8nWRlL9CHv5_Gh92XFeuyjukVDGm-tWTPfujC-_fpQUmdWDEPBqqMCDBxtIcL8lto-mqwB4QkM_3a1BXaSlU2z1DKSsWOQhPsvA8_M44zpSzJZigk3w.AgH2Y9inCv9v5JlWzIEY-A', 2051863203683),
	('8WxdfSo39_hMJePAta1rBtuN6mR_51nX4jBVQzem2vE', '_s5FZAsE91-ivnsoJ0qyR5x8j0H88p6y24rkngr2Iw0', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiSVJfbUtHZVBVal9pIn0..N-_N09sRSwcupoSP.2QSGN1FMvB37pmmjIqtbN4NeNPnY36I7GR_MGN2hS97q7r5gaU2MDQW6HP7SPRfKJKcx7DS5VxmZj2081IZODnpAifTvAhRxQ3gZXGaCKaZrP1PLPOHnYGfq7Ve_68oxIMovDRMte4mDjdIeMxhDBX9AomCoAVqySwG2bC8lK5Yj4j9eZNZxm0E8U3HnYJmlDxMpyZmH4KQTm-MizK3MLRHY2c-NM2oiVIP4kEwzuNdhnSHBQlIQGtsdqPcADvzAYE4ESR1Fqc1Thf15Rlf8DlOnTwv9VxSfA-6s8DPxdSMm_Q.pipuXjX01TAGJbFz_Lju-w', 2051863203788);


--
-- Data for Name: cluster_locks; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: cluster_messages; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.cluster_messages VALUES
	(1323576396034871296, 3, 'Workflow/effect-agentcore-identity/ObtainConsent/8d6f690b3ae3f6c9c93ac022318d9a8d/activity/ObtainConsent.register/1', 'default:12', 'Workflow/effect-agentcore-identity/ObtainConsent', '8d6f690b3ae3f6c9c93ac022318d9a8d', 0, 'activity', '{"name":"ObtainConsent.register","attempt":1,"withTransaction":false}', '{}', '19dc6db6bca5ed682a46f31ea0192e6d', '323cf6e8f1a2c4dd', true, true, 1323576396034871296, NULL, 1323576396294918144, '2026-11-29 21:33:36.148622', NULL),
	(1323576396060037120, 4, 'Workflow/test/Report/4ed9d742fa005b6716b78a2b55a936fc/activity/report/1', 'default:5', 'Workflow/test/Report', '4ed9d742fa005b6716b78a2b55a936fc', 0, 'activity', '{"name":"report","attempt":1,"withTransaction":false}', '{}', '0d3d99f28c2470f32d157758d07d04e2', '89d3bc941a7a8ac4', true, true, 1323576396060037120, NULL, 1323576396324278272, '2026-11-29 21:33:36.165412', NULL),
	(1323576396332666880, 5, 'Workflow/effect-agentcore-identity/ObtainConsent/8d6f690b3ae3f6c9c93ac022318d9a8d/activity/ObtainConsent.probe 0/1', 'default:12', 'Workflow/effect-agentcore-identity/ObtainConsent', '8d6f690b3ae3f6c9c93ac022318d9a8d', 0, 'activity', '{"name":"ObtainConsent.probe 0","attempt":1,"withTransaction":false}', '{}', '19dc6db6bca5ed682a46f31ea0192e6d', '49f22fb478677e57', true, true, 1323576396332666880, NULL, 1323576396391387136, '2026-11-29 21:33:36.220219', NULL),
	(1323576396420747264, 6, 'Workflow/effect-agentcore-identity/ObtainConsent/8d6f690b3ae3f6c9c93ac022318d9a8d/activity/ObtainConsent.invite 0/1', 'default:12', 'Workflow/effect-agentcore-identity/ObtainConsent', '8d6f690b3ae3f6c9c93ac022318d9a8d', 0, 'activity', '{"name":"ObtainConsent.invite 0","attempt":1,"withTransaction":false}', '{}', '19dc6db6bca5ed682a46f31ea0192e6d', 'd62d49cf70d959bd', true, true, 1323576396420747264, NULL, 1323576396445913088, '2026-11-29 21:33:36.240115', NULL),
	(1323576396475273216, 9, 'Workflow/-/DurableClock/8d6f690b3ae3f6c9c93ac022318d9a8d/run/wait 0', 'default:12', 'Workflow/-/DurableClock', '8d6f690b3ae3f6c9c93ac022318d9a8d', 0, 'run', '{"name":"wait 0","workflowName":"effect-agentcore-identity/ObtainConsent","wakeUp":2051341203780}', '{}', '19dc6db6bca5ed682a46f31ea0192e6d', '3607a453881e28f0', true, false, 1323576396475273216, NULL, NULL, NULL, 2051341203780),
	(1323576396496244736, 8, 'Workflow/effect-agentcore-identity/ObtainConsent/7185645290f7139c3624bf7e8baa850b/activity/ObtainConsent.register/1', 'default:20', 'Workflow/effect-agentcore-identity/ObtainConsent', '7185645290f7139c3624bf7e8baa850b', 0, 'activity', '{"name":"ObtainConsent.register","attempt":1,"withTransaction":false}', '{}', '0d3d99f28c2470f32d157758d07d04e2', 'b5203e168385877d', true, true, 1323576396496244736, NULL, 1323576396542382080, '2026-11-29 21:33:36.258558', NULL),
	(1323576395825156096, 1, 'Workflow/effect-agentcore-identity/ObtainConsent/8d6f690b3ae3f6c9c93ac022318d9a8d/run/', 'default:12', 'Workflow/effect-agentcore-identity/ObtainConsent', '8d6f690b3ae3f6c9c93ac022318d9a8d', 0, 'run', '{"workload":"golden-agent","userId":"alice","credential":"calendar","episode":"1"}', '{}', '19dc6db6bca5ed682a46f31ea0192e6d', 'c7453a9af8b5fe2a', true, true, 1323576395825156096, NULL, 1323576396559159296, '2026-11-29 21:33:36.130729', NULL),
	(1323576396575936512, 10, 'Workflow/effect-agentcore-identity/ObtainConsent/7185645290f7139c3624bf7e8baa850b/activity/ObtainConsent.probe 0/1', 'default:20', 'Workflow/effect-agentcore-identity/ObtainConsent', '7185645290f7139c3624bf7e8baa850b', 0, 'activity', '{"name":"ObtainConsent.probe 0","attempt":1,"withTransaction":false}', '{}', '0d3d99f28c2470f32d157758d07d04e2', '327cb60912248547', true, true, 1323576396575936512, NULL, 1323576396638851072, '2026-11-29 21:33:36.277713', NULL),
	(1323576396647239680, 11, 'Workflow/effect-agentcore-identity/ObtainConsent/7185645290f7139c3624bf7e8baa850b/activity/ObtainConsent.invite 0/1', 'default:20', 'Workflow/effect-agentcore-identity/ObtainConsent', '7185645290f7139c3624bf7e8baa850b', 0, 'activity', '{"name":"ObtainConsent.invite 0","attempt":1,"withTransaction":false}', '{}', '0d3d99f28c2470f32d157758d07d04e2', '7cae92b9149f46f4', true, true, 1323576396647239680, NULL, 1323576397188304896, '2026-11-29 21:33:36.294315', NULL),
	(1323576397305745408, 12, 'Workflow/-/DurableClock/7185645290f7139c3624bf7e8baa850b/run/wait 0', 'default:20', 'Workflow/-/DurableClock', '7185645290f7139c3624bf7e8baa850b', 0, 'run', '{"name":"wait 0","workflowName":"effect-agentcore-identity/ObtainConsent","wakeUp":2051341203978}', '{}', '0d3d99f28c2470f32d157758d07d04e2', 'eaec4b05e7e94a33', true, false, 1323576397305745408, NULL, NULL, NULL, 2051341203978),
	(1323576396441718784, 7, 'Workflow/effect-agentcore-identity/ObtainConsent/7185645290f7139c3624bf7e8baa850b/run/', 'default:20', 'Workflow/effect-agentcore-identity/ObtainConsent', '7185645290f7139c3624bf7e8baa850b', 0, 'run', '{"workload":"golden-agent","userId":"alice","credential":"calendar","episode":"4ed9d742fa005b6716b78a2b55a936fc report 1","~effect/cluster/ClusterWorkflowEngine/payloadParentKey":{"workflowName":"test/Report","executionId":"4ed9d742fa005b6716b78a2b55a936fc"}}', '{}', '0d3d99f28c2470f32d157758d07d04e2', 'd9f854fec61444de', true, true, 1323576396441718784, NULL, 1323576397343494144, '2026-11-29 21:33:36.2485', NULL),
	(1323576395959373824, 2, 'Workflow/test/Report/4ed9d742fa005b6716b78a2b55a936fc/run/', 'default:5', 'Workflow/test/Report', '4ed9d742fa005b6716b78a2b55a936fc', 0, 'run', '{"user":"alice","week":1}', '{}', '0d3d99f28c2470f32d157758d07d04e2', 'eb3f6e2cad2b3f2c', true, true, 1323576395959373824, NULL, 1323576397389631488, '2026-11-29 21:33:36.148622', NULL);


--
-- Data for Name: cluster_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.cluster_migrations VALUES
	(1, '2026-11-29 21:33:35.725586+00', 'create_tables'),
	(2, '2026-11-29 21:33:35.725586+00', 'entity_type_size'),
	(3, '2026-11-29 21:33:35.725586+00', 'pg_messages_rowid_index');


--
-- Data for Name: cluster_replies; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.cluster_replies VALUES
	(1323576396294918144, 1, 0, 1323576396034871296, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":[86400000,259200000,604800000]}}}', NULL, false),
	(1323576396324278272, 2, 0, 1323576396060037120, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":{"_tag":"None"}}}}', NULL, false),
	(1323576396391387136, 3, 0, 1323576396332666880, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":false}}}', NULL, false),
	(1323576396445913088, 4, 0, 1323576396420747264, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":null}}}', NULL, false),
	(1323576396542382080, 5, 0, 1323576396496244736, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":[86400000,259200000,604800000]}}}', NULL, false),
	(1323576396559159296, 6, 0, 1323576395825156096, '{"_tag":"Success","value":{"_tag":"Suspended","cause":null}}', NULL, false),
	(1323576396638851072, 7, 0, 1323576396575936512, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":false}}}', NULL, false),
	(1323576397188304896, 8, 0, 1323576396647239680, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":null}}}', NULL, false),
	(1323576397343494144, 9, 0, 1323576396441718784, '{"_tag":"Success","value":{"_tag":"Suspended","cause":null}}', NULL, false),
	(1323576397389631488, 10, 0, 1323576395959373824, '{"_tag":"Success","value":{"_tag":"Suspended","cause":null}}', NULL, false);


--
-- Data for Name: cluster_runner_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.cluster_runner_migrations VALUES
	(1, '2026-11-29 21:33:35.661043+00', 'create_tables');


--
-- Data for Name: cluster_runners; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Name: cluster_messages_rowid_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.cluster_messages_rowid_seq', 12, true);


--
-- Name: cluster_replies_rowid_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.cluster_replies_rowid_seq', 10, true);


--
-- Name: cluster_runners_machine_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.cluster_runners_machine_id_seq', 1, true);


--
-- Name: agentcore_consents_migrations agentcore_consents_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.agentcore_consents_migrations
    ADD CONSTRAINT agentcore_consents_migrations_pkey PRIMARY KEY (migration_id);


--
-- Name: agentcore_consents agentcore_consents_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.agentcore_consents
    ADD CONSTRAINT agentcore_consents_pkey PRIMARY KEY (name);


--
-- Name: agentcore_consents_waits agentcore_consents_waits_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.agentcore_consents_waits
    ADD CONSTRAINT agentcore_consents_waits_pkey PRIMARY KEY (topic, execution);


--
-- Name: cluster_locks cluster_locks_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cluster_locks
    ADD CONSTRAINT cluster_locks_pkey PRIMARY KEY (shard_id);


--
-- Name: cluster_messages cluster_messages_message_id_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cluster_messages
    ADD CONSTRAINT cluster_messages_message_id_key UNIQUE (message_id);


--
-- Name: cluster_messages cluster_messages_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cluster_messages
    ADD CONSTRAINT cluster_messages_pkey PRIMARY KEY (id);


--
-- Name: cluster_migrations cluster_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cluster_migrations
    ADD CONSTRAINT cluster_migrations_pkey PRIMARY KEY (migration_id);


--
-- Name: cluster_replies cluster_replies_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cluster_replies
    ADD CONSTRAINT cluster_replies_pkey PRIMARY KEY (id);


--
-- Name: cluster_replies cluster_replies_request_id_kind_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cluster_replies
    ADD CONSTRAINT cluster_replies_request_id_kind_key UNIQUE (request_id, kind);


--
-- Name: cluster_replies cluster_replies_request_id_sequence_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cluster_replies
    ADD CONSTRAINT cluster_replies_request_id_sequence_key UNIQUE (request_id, sequence);


--
-- Name: cluster_runner_migrations cluster_runner_migrations_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cluster_runner_migrations
    ADD CONSTRAINT cluster_runner_migrations_pkey PRIMARY KEY (migration_id);


--
-- Name: cluster_runners cluster_runners_address_key; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cluster_runners
    ADD CONSTRAINT cluster_runners_address_key UNIQUE (address);


--
-- Name: cluster_runners cluster_runners_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cluster_runners
    ADD CONSTRAINT cluster_runners_pkey PRIMARY KEY (machine_id);


--
-- Name: agentcore_consents_kept_until; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX agentcore_consents_kept_until ON public.agentcore_consents USING btree (kept_until);


--
-- Name: agentcore_consents_waits_expires_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX agentcore_consents_waits_expires_at ON public.agentcore_consents_waits USING btree (expires_at);


--
-- Name: cluster_messages_request_id_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX cluster_messages_request_id_idx ON public.cluster_messages USING btree (request_id);


--
-- Name: cluster_messages_rowid_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX cluster_messages_rowid_idx ON public.cluster_messages USING btree (rowid);


--
-- Name: cluster_messages_shard_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX cluster_messages_shard_idx ON public.cluster_messages USING btree (shard_id, processed, last_read, deliver_at);


--
-- Name: cluster_replies_request_lookup_idx; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX cluster_replies_request_lookup_idx ON public.cluster_replies USING btree (request_id, kind, acked);


--
-- PostgreSQL database dump complete
--


