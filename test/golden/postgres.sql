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
	('tsRshlm7aeNjqcT4pSpQp_qfMw6qrdIvwLBdx1tRePY', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiSVJfbUtHZVBVal9pIn0..M6aSiuJe_zvUTdLV.MQDcBV37QUk8geXE8eUHM5564ii9OJVEPFQnY6yonaPS4O5xkhyB3sxod1uxvdqe_tvxu1fOjGdiDx4qmFVgoJuIuTqYZ0S4P7Mbm4KlX2sT_Ka_dVY8LxDmXX1BHAaTPZuF3dD2C9ct53EtxFe4PYiISkOXfdH2xjveRshKOBK4jgnn_PsLzGHu6xa93pyX3cy-wqnJtrI2F0NXUrANrhSIZXICfpOWV77_CcnTOtK3qgd4PXLbXj0gybepLbytLEvlg_oL6Qhkokefw0Mek5BrmzqM5hXYP9gFFU-cH0-Vvu80yupNwQ6PHZpUboYcZ5C02JiujuCz_4rSR-Z0Et4iUPP4w_mt-890z91Nh-oQZeBIFxlwpCA6BcFpm_WFzzPDXNvYtlLgTBlNk2KCI4rrtkI5En8lIrR35fD1Zy3gf1v6CT5gVJSF37B212AFYEDdU_FayOOhWvDkMbxJygdxY_o5Lr-IYk15VMTtkfSqXV67YZlRDUg5iENLK2qPGlLauamFuU8GiH8V3F6oW95Gnyn9mf5ZgoOU9bNPVE3e-MwqXQS8KCmKgjqFe4hzPWk13gyaKjgF9BVdeCN5o1xDqFmnEEYig6Wc1-ldpk9D4dgynoHrmY4_EvBbhj3gwpI_Za7ul9Y0Gk9chTqZvrJXN3Pp4iKqSC1KKUwo6hcLZM4wxKkTWM7vBzrdAKFu0OHP7xlB9qFGsRb4IpXcHTwDM0f4XBYQmLATq6-r3u5hm6Y2UHUjJpBg-7T2DBAAV05hDsBq7jAnqthH1ABzsa9C4HcoP-yr2a_geno4fWMDwCyemYds35SQDyM206M75eFeQOVEVpn769HgYyqmbqFKi1mLFT2gGcXA4iRWvXzGlRIWpBT8k72lZt0QEQ.pvz1MEgyhDq2kVMIwuYwkA', 2051256000250);


--
-- Data for Name: agentcore_consents_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.agentcore_consents_migrations VALUES
	(1, '2026-12-01 17:08:15.789626', 'sessions_and_waits');


--
-- Data for Name: agentcore_consents_waits; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.agentcore_consents_waits VALUES
	('8WxdfSo39_hMJePAta1rBtuN6mR_51nX4jBVQzem2vE', 'Vm2YicTZUVqXkQi0fFBWIn-0eoJGuxzQUnyWDzdQ8Gw', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiSVJfbUtHZVBVal9pIn0..m77fGALuE9gYGXb_.6ftiEi5MgmEqD7JfjbzDgMKmT8AVnoFSjt3ztW23wH_1Uhullnw87AA3-1EvQ6pqP7uPjFO9QOIDevkTKxkNAhvaZ_zW39q7mW9lUDeZXmiEPIlJQtEn7xNAzGc7VDsqwV-9CfEZAWtgU5PVD7VR7Ntjd34rBldFrwUrBdSnra8axptVKkFMFeoyT1eTukmXQqhRUf91XMhJa6unUEXr2v5DbvyNTbubDbZXrhvij3wTxzSRKX-8_PQy3WUllh0BGIEnP2Ps0vO90TW7Ndqptsqhi2Jo7z1Hpvg6OqM1B2Wo4g.1foDci_HEQUglA8asyZWcA', 2051863203193),
	('8WxdfSo39_hMJePAta1rBtuN6mR_51nX4jBVQzem2vE', '_s5FZAsE91-ivnsoJ0qyR5x8j0H88p6y24rkngr2Iw0', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiSVJfbUtHZVBVal9pIn0..kGMq-Dz-n5ucJTpO.klXQ_uHnfQLiaeuc-qHgcdbL4FX8LpiWarLYn19RLUC1VYjHXbNoVvkBAmF6dBukdmWiS77W0Ey9MmYkzG2v8GCOgt1hIVU1Y-ZYORDBONnDxH42GTOVYsgl0OpOx8t2B3KvyNZ2BsfvFhWk8qhEdD-yLCXC3u--qAUFPvASF5uOcDShq2RmiyaZtotyJl4scEkpv38EYSMjyUaslMgIh0jHGoUWBPVRztA_D3axxWX2R_AcQvKgZaQbqKQT_DKwXxOp0jDnT0038y--JkRZFU8p3J-mmLKCq-6_-McmiLnVJg.9qZfkh-PF3smoSKHN75bIw', 2051863203303);


--
-- Data for Name: cluster_locks; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: cluster_messages; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.cluster_messages VALUES
	(1323576393774141440, 3, 'Workflow/effect-agentcore-identity/ObtainConsent/8d6f690b3ae3f6c9c93ac022318d9a8d/activity/ObtainConsent.register/1', 'default:12', 'Workflow/effect-agentcore-identity/ObtainConsent', '8d6f690b3ae3f6c9c93ac022318d9a8d', 0, 'activity', '{"name":"ObtainConsent.register","attempt":1,"withTransaction":false}', '{}', 'ee91790be092d4409f4489221e7490c3', '735c9baa668c7003', true, true, 1323576393774141440, NULL, 1323576394185183232, '2026-12-01 17:08:16.06967', NULL),
	(1323576393992245248, 4, 'Workflow/test/Report/4ed9d742fa005b6716b78a2b55a936fc/activity/report/1', 'default:5', 'Workflow/test/Report', '4ed9d742fa005b6716b78a2b55a936fc', 0, 'activity', '{"name":"report","attempt":1,"withTransaction":false}', '{}', 'e634d22219e958d69c6606c775026de1', 'a1a19b68600b894e', true, true, 1323576393992245248, NULL, 1323576394243903488, '2026-12-01 17:08:16.122032', NULL),
	(1323576394281652224, 5, 'Workflow/effect-agentcore-identity/ObtainConsent/8d6f690b3ae3f6c9c93ac022318d9a8d/activity/ObtainConsent.probe 0/1', 'default:12', 'Workflow/effect-agentcore-identity/ObtainConsent', '8d6f690b3ae3f6c9c93ac022318d9a8d', 0, 'activity', '{"name":"ObtainConsent.probe 0","attempt":1,"withTransaction":false}', '{}', 'ee91790be092d4409f4489221e7490c3', '87bd828c3b0ef7b9', true, true, 1323576394281652224, NULL, 1323576394495561728, '2026-12-01 17:08:16.183634', NULL),
	(1323576394449424384, 7, 'Workflow/effect-agentcore-identity/ObtainConsent/7185645290f7139c3624bf7e8baa850b/activity/ObtainConsent.register/1', 'default:20', 'Workflow/effect-agentcore-identity/ObtainConsent', '7185645290f7139c3624bf7e8baa850b', 0, 'activity', '{"name":"ObtainConsent.register","attempt":1,"withTransaction":false}', '{}', 'e634d22219e958d69c6606c775026de1', 'c9c256b117ec0f16', true, true, 1323576394449424384, NULL, 1323576394562670592, '2026-12-01 17:08:16.223684', NULL),
	(1323576394503950336, 8, 'Workflow/effect-agentcore-identity/ObtainConsent/8d6f690b3ae3f6c9c93ac022318d9a8d/activity/ObtainConsent.invite 0/1', 'default:12', 'Workflow/effect-agentcore-identity/ObtainConsent', '8d6f690b3ae3f6c9c93ac022318d9a8d', 0, 'activity', '{"name":"ObtainConsent.invite 0","attempt":1,"withTransaction":false}', '{}', 'ee91790be092d4409f4489221e7490c3', '4270c138a97c41f9', true, true, 1323576394503950336, NULL, 1323576394600419328, '2026-12-01 17:08:16.234557', NULL),
	(1323576394633973760, 10, 'Workflow/-/DurableClock/8d6f690b3ae3f6c9c93ac022318d9a8d/run/wait 0', 'default:12', 'Workflow/-/DurableClock', '8d6f690b3ae3f6c9c93ac022318d9a8d', 0, 'run', '{"name":"wait 0","workflowName":"effect-agentcore-identity/ObtainConsent","wakeUp":2051258403195}', '{}', 'ee91790be092d4409f4489221e7490c3', 'b59b7bc88cca2787', true, false, 1323576394633973760, NULL, NULL, NULL, 2051258403195),
	(1323576393463762944, 1, 'Workflow/effect-agentcore-identity/ObtainConsent/8d6f690b3ae3f6c9c93ac022318d9a8d/run/', 'default:12', 'Workflow/effect-agentcore-identity/ObtainConsent', '8d6f690b3ae3f6c9c93ac022318d9a8d', 0, 'run', '{"workload":"golden-agent","userId":"alice","credential":"calendar","episode":"1"}', '{}', 'ee91790be092d4409f4489221e7490c3', '63cbc5c594bbcdd2', true, true, 1323576393463762944, NULL, 1323576394701082624, '2026-12-01 17:08:16.016733', NULL),
	(1323576394583642112, 9, 'Workflow/effect-agentcore-identity/ObtainConsent/7185645290f7139c3624bf7e8baa850b/activity/ObtainConsent.probe 0/1', 'default:20', 'Workflow/effect-agentcore-identity/ObtainConsent', '7185645290f7139c3624bf7e8baa850b', 0, 'activity', '{"name":"ObtainConsent.probe 0","attempt":1,"withTransaction":false}', '{}', 'e634d22219e958d69c6606c775026de1', 'ab053480fae7edf1', true, true, 1323576394583642112, NULL, 1323576394717859840, '2026-12-01 17:08:16.263815', NULL),
	(1323576394726248448, 11, 'Workflow/effect-agentcore-identity/ObtainConsent/7185645290f7139c3624bf7e8baa850b/activity/ObtainConsent.invite 0/1', 'default:20', 'Workflow/effect-agentcore-identity/ObtainConsent', '7185645290f7139c3624bf7e8baa850b', 0, 'activity', '{"name":"ObtainConsent.invite 0","attempt":1,"withTransaction":false}', '{}', 'e634d22219e958d69c6606c775026de1', '8f7b696cd7b359a8', true, true, 1323576394726248448, NULL, 1323576394755608576, '2026-12-01 17:08:16.286557', NULL),
	(1323576394768191488, 12, 'Workflow/-/DurableClock/7185645290f7139c3624bf7e8baa850b/run/wait 0', 'default:20', 'Workflow/-/DurableClock', '7185645290f7139c3624bf7e8baa850b', 0, 'run', '{"name":"wait 0","workflowName":"effect-agentcore-identity/ObtainConsent","wakeUp":2051258403304}', '{}', 'e634d22219e958d69c6606c775026de1', 'b6c32ddc049fbecb', true, false, 1323576394768191488, NULL, NULL, NULL, 2051258403304),
	(1323576394340372480, 6, 'Workflow/effect-agentcore-identity/ObtainConsent/7185645290f7139c3624bf7e8baa850b/run/', 'default:20', 'Workflow/effect-agentcore-identity/ObtainConsent', '7185645290f7139c3624bf7e8baa850b', 0, 'run', '{"workload":"golden-agent","userId":"alice","credential":"calendar","episode":"4ed9d742fa005b6716b78a2b55a936fc report 1","~effect/cluster/ClusterWorkflowEngine/payloadParentKey":{"workflowName":"test/Report","executionId":"4ed9d742fa005b6716b78a2b55a936fc"}}', '{}', 'e634d22219e958d69c6606c775026de1', 'c40392f1553f2154', true, true, 1323576394340372480, NULL, 1323576394789163008, '2026-12-01 17:08:16.207013', NULL),
	(1323576393593786368, 2, 'Workflow/test/Report/4ed9d742fa005b6716b78a2b55a936fc/run/', 'default:5', 'Workflow/test/Report', '4ed9d742fa005b6716b78a2b55a936fc', 0, 'run', '{"user":"alice","week":1}', '{}', 'e634d22219e958d69c6606c775026de1', 'b26db2b6143d25a6', true, true, 1323576393593786368, NULL, 1323576394810134528, '2026-12-01 17:08:16.06967', NULL);


--
-- Data for Name: cluster_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.cluster_migrations VALUES
	(1, '2026-12-01 17:08:15.54567+00', 'create_tables'),
	(2, '2026-12-01 17:08:15.54567+00', 'entity_type_size'),
	(3, '2026-12-01 17:08:15.54567+00', 'pg_messages_rowid_index');


--
-- Data for Name: cluster_replies; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.cluster_replies VALUES
	(1323576394185183232, 1, 0, 1323576393774141440, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":{"begunAt":2051254803192,"plan":[86400000,259200000,604800000]}}}}', NULL, false),
	(1323576394243903488, 2, 0, 1323576393992245248, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":{"_tag":"None"}}}}', NULL, false),
	(1323576394495561728, 3, 0, 1323576394281652224, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":false}}}', NULL, false),
	(1323576394562670592, 4, 0, 1323576394449424384, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":{"begunAt":2051254803303,"plan":[86400000,259200000,604800000]}}}}', NULL, false),
	(1323576394600419328, 5, 0, 1323576394503950336, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":null}}}', NULL, false),
	(1323576394701082624, 6, 0, 1323576393463762944, '{"_tag":"Success","value":{"_tag":"Suspended","cause":null}}', NULL, false),
	(1323576394717859840, 7, 0, 1323576394583642112, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":false}}}', NULL, false),
	(1323576394755608576, 8, 0, 1323576394726248448, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":null}}}', NULL, false),
	(1323576394789163008, 9, 0, 1323576394340372480, '{"_tag":"Success","value":{"_tag":"Suspended","cause":null}}', NULL, false),
	(1323576394810134528, 10, 0, 1323576393593786368, '{"_tag":"Success","value":{"_tag":"Suspended","cause":null}}', NULL, false);


--
-- Data for Name: cluster_runner_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.cluster_runner_migrations VALUES
	(1, '2026-12-01 17:08:15.485878+00', 'create_tables');


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


