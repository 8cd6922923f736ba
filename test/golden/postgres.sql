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
    created_at timestamp with time zone DEFAULT now() NOT NULL,
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
	('FK-wbNvS4Copjnv8aXKOxpMpQOOwbWGxo16LRoTWBpM', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiSVJfbUtHZVBVal9pIn0..bDe4jmyWelZsJYdR.CmvE518guIlHNfkHeEFdCYBiwRi2xc6w2cXdIXRxqxk2kr39sYksoiq8f6GrVbENDJu_d1scQ1xQvJaZXagUVIVZ_ufuoXcGA2fM2UcDx3JEVxAH1a7cHTGM9plz9Z0HTyiIGCHEXPt0QbSWa4dMvFbVPijM3Q7s953HvTSeLqmJFQhYD8-1hkb4yRl5J3d11dsJRtyBgMq6gorTHf-G7_jtkfFmI9a9PzRcbEmDDl4JVC1jeugDWXAopGF89vwcXgl7qwNCdA2GZLR--NfLamfw3ul27ERYcUKKv1uulHkw8Y37V_Yy-z-gBO9qZ-f1or1HSAIm9_6M4-hRFyGMn7Pnpzk63irXwOOfdNjnoSL4UcrCWnLRBZfjIFFc5g5JfXYUrP4DDpSXPgoaPfnMtCyqQ6xfAyEv5zHAp_b0qSQgoteLa213_ZSPMFwjIAOD6IOOGMRZJKOoXD1dsJQEHCg5OkjM4X71Z64-UTf4taFbe0Q6GHt5WDf9avyKHxs6f2wFnykEBnaNCvYLLWbxWIzkciPc4PitBWcmoslBi2SqtM4MqxLfxVfaH3RPR30gTZllW8INNBnF-MJZsA5rYv9IyAk9D1kucKb4nS8GkxARKY0250s5IcYs9iaeS1pC3oUG1_l2GCPwgCL2aNXB6-SxfxquLJmlawqUcatFFRbxF8kWrL5zjE_mOuQnNlwF-lIbfjMOwPFbV0nvFFTIplc3VoIN1Pd2YZd74b_6V_QC_iSceubTGlCAiQ1E4T87tMRiS2QF31bM09NICfjvFt3QQm-RiQlte_eZNKee2t-x3AxTqJe1jm1Kq4dRWo32aNho1xFV3U-pjAbq9nN_pe5-WjdyelsfRwAY0-gQYolc7Yfu-tFea-ZKHHxMQw.5XHtzxKrGsauOYl0UFltLQ', 0, 2051255401026, 2051256001026);


--
-- Data for Name: agentcore_consents_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.agentcore_consents_migrations VALUES
	(1, '2026-11-28 05:48:03.579584+00', 'sessions_and_waits');


--
-- Data for Name: agentcore_consents_waits; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.agentcore_consents_waits VALUES
	('8WxdfSo39_hMJePAta1rBtuN6mR_51nX4jBVQzem2vE', 'fYcN6pIC2sfNkf3ySM8QX2iBwI0lMzz-zAZFvX6_SY0', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiSVJfbUtHZVBVal9pIn0..-9HrO4HWWQkP_pct.n25QBMgIT4dP4MhfxxB70waroqYwY1bWKRGM_ZQoRck7Vj4sCnpMQP_KlMBCkZZf7HwL-MZFIN3abBAcaYsIoIsUzz9gGa13_zkywyt38E_QxSDukmRSyE6_mPrafPRh4OSw6wm_WkxrS0MIHLwtZEF2ohzvsCPtxgquokD3tAOrnzuFFRQaq9wJG9z_U0T6U6v0hfn6h-rjvyUktmGPKW20R3Rt8UJoZlnXx4PNcjQtqp1jtLI0_3FbmUlBVteWgGCJaxYJiM7XHJWduiX3O790evxVJWutBXeTVvclFD-KzQ.stQ0qnKuK1FGcjyfuqRWcg', 2051863204622),
	('8WxdfSo39_hMJePAta1rBtuN6mR_51nX4jBVQzem2vE', 'PFbaIdvV3rCgxS9gFFYPYSmWR8auBMHc68LRvhXKTI0', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiSVJfbUtHZVBVal9pIn0..vKNMNjzWEhiFCiNy.fLaV9KVCPmH8GkFYP1b7aaG4GJNqYTfsSsRkzhUEsJreWi0Ul70q4lmglgHv-2JYZaQiOrbu64H4EhIEh6k0-K8uw9pSWpJta_ZSBwNA3sw4C8Rruo-2K2wdu3fRx8cCLV5wd_O7zql4eS5_PpAKu8AxjKlQqMdHxZ7KHPwf5vKuEIIoAFKtcgXL101qBiNM22NN9NSqkgRoVyU0fA55dciM9YB_2HlnlgVE1jun9u7E17ai_iJvzJTGQs3tiuDNFuJmCrrQ1PIwUDg_GNe3tIEkyhvsXGEY_jPAzirY7ypFcw.SEN4RUvxxWEUlMGFZ0gcpw', 2051863204791);


--
-- Data for Name: cluster_messages; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.cluster_messages VALUES
	(1323576399776190464, 2, 'Workflow/effect-agentcore-identity/ObtainConsent/6e25963682a1a8e12f6a59c43fa0c615/activity/ObtainConsent.register/1', 'default:28', 'Workflow/effect-agentcore-identity/ObtainConsent', '6e25963682a1a8e12f6a59c43fa0c615', 0, 'activity', '{"name":"ObtainConsent.register","attempt":1}', '{}', '9343dfb772f2799d0d09628e091aab10', '8fd21a025c60c3d3', true, true, 1323576399776190464, NULL, 1323576400204009472, '2026-11-28 05:48:03.846086', NULL),
	(1323576400023654400, 4, 'Workflow/test/Report/095a7c1160d6993459dab800730f2308/activity/report/1', 'default:30', 'Workflow/test/Report', '095a7c1160d6993459dab800730f2308', 0, 'activity', '{"name":"report","attempt":1}', '{}', '10d073c833374c04822fe98420296c8e', 'c3eed5a47d9544c9', true, true, 1323576400023654400, NULL, 1323576400279506944, '2026-11-28 05:48:03.89037', NULL),
	(1323576400677965824, 7, 'Workflow/effect-agentcore-identity/ObtainConsent/ab7eedb4d321664587e1a731f506a3f9/activity/ObtainConsent.register/1', 'default:16', 'Workflow/effect-agentcore-identity/ObtainConsent', 'ab7eedb4d321664587e1a731f506a3f9', 0, 'activity', '{"name":"ObtainConsent.register","attempt":1}', '{}', '10d073c833374c04822fe98420296c8e', '3cde7dcb38975a51', true, true, 1323576400677965824, NULL, 1323576400728297472, '2026-11-28 05:48:04.044827', NULL),
	(1323576400476639232, 5, 'Workflow/effect-agentcore-identity/ObtainConsent/6e25963682a1a8e12f6a59c43fa0c615/activity/ObtainConsent.probe 0/1', 'default:28', 'Workflow/effect-agentcore-identity/ObtainConsent', '6e25963682a1a8e12f6a59c43fa0c615', 0, 'activity', '{"name":"ObtainConsent.probe 0","attempt":1}', '{}', '9343dfb772f2799d0d09628e091aab10', '23be6c5705c07fcc', true, true, 1323576400476639232, NULL, 1323576400740880384, '2026-11-28 05:48:04.012286', NULL),
	(1323576400753463296, 8, 'Workflow/effect-agentcore-identity/ObtainConsent/6e25963682a1a8e12f6a59c43fa0c615/activity/ObtainConsent.invite 0/1', 'default:28', 'Workflow/effect-agentcore-identity/ObtainConsent', '6e25963682a1a8e12f6a59c43fa0c615', 0, 'activity', '{"name":"ObtainConsent.invite 0","attempt":1}', '{}', '9343dfb772f2799d0d09628e091aab10', 'efdbc6082b0dad63', true, true, 1323576400753463296, NULL, 1323576401063841792, '2026-11-28 05:48:04.068205', NULL),
	(1323576400761851904, 9, 'Workflow/effect-agentcore-identity/ObtainConsent/ab7eedb4d321664587e1a731f506a3f9/activity/ObtainConsent.probe 0/1', 'default:16', 'Workflow/effect-agentcore-identity/ObtainConsent', 'ab7eedb4d321664587e1a731f506a3f9', 0, 'activity', '{"name":"ObtainConsent.probe 0","attempt":1}', '{}', '10d073c833374c04822fe98420296c8e', '5c7b04a77ebcb904', true, true, 1323576400761851904, NULL, 1323576401126756352, '2026-11-28 05:48:04.068205', NULL),
	(1323576401424551936, 11, 'Workflow/-/DurableClock/6e25963682a1a8e12f6a59c43fa0c615/run/wait 0', 'default:28', 'Workflow/-/DurableClock', '6e25963682a1a8e12f6a59c43fa0c615', 0, 'run', '{"name":"wait 0","workflowName":"effect-agentcore-identity/ObtainConsent","wakeUp":2051341204959}', '{}', '9343dfb772f2799d0d09628e091aab10', '04e9c7bbf5c32565', true, false, 1323576401424551936, NULL, NULL, NULL, 2051341204959),
	(1323576401349054464, 10, 'Workflow/effect-agentcore-identity/ObtainConsent/ab7eedb4d321664587e1a731f506a3f9/activity/ObtainConsent.invite 0/1', 'default:16', 'Workflow/effect-agentcore-identity/ObtainConsent', 'ab7eedb4d321664587e1a731f506a3f9', 0, 'activity', '{"name":"ObtainConsent.invite 0","attempt":1}', '{}', '10d073c833374c04822fe98420296c8e', 'cc1135e5e9ea219d', true, true, 1323576401349054464, NULL, 1323576401567158272, '2026-11-28 05:48:04.225026', NULL),
	(1323576399407091712, 1, 'Workflow/effect-agentcore-identity/ObtainConsent/6e25963682a1a8e12f6a59c43fa0c615/run/', 'default:28', 'Workflow/effect-agentcore-identity/ObtainConsent', '6e25963682a1a8e12f6a59c43fa0c615', 0, 'run', '{"workload":"golden-agent","userId":"alice","credential":"calendar","episode":"1"}', '{}', '9343dfb772f2799d0d09628e091aab10', 'c0503993b74070eb', true, true, 1323576399407091712, NULL, 1323576401592324096, '2026-11-28 05:48:03.749855', NULL),
	(1323576401692987392, 12, 'Workflow/-/DurableClock/ab7eedb4d321664587e1a731f506a3f9/run/wait 0', 'default:16', 'Workflow/-/DurableClock', 'ab7eedb4d321664587e1a731f506a3f9', 0, 'run', '{"name":"wait 0","workflowName":"effect-agentcore-identity/ObtainConsent","wakeUp":2051341205024}', '{}', '10d073c833374c04822fe98420296c8e', '04bad5e006526d18', true, false, 1323576401692987392, NULL, NULL, NULL, 2051341205024),
	(1323576400631828480, 6, 'Workflow/effect-agentcore-identity/ObtainConsent/ab7eedb4d321664587e1a731f506a3f9/run/', 'default:16', 'Workflow/effect-agentcore-identity/ObtainConsent', 'ab7eedb4d321664587e1a731f506a3f9', 0, 'run', '{"workload":"golden-agent","userId":"alice","credential":"calendar","episode":"095a7c1160d6993459dab800730f2308 report 1","~@effect/workflow/parent":{"workflowName":"test/Report","executionId":"095a7c1160d6993459dab800730f2308"}}', '{}', '10d073c833374c04822fe98420296c8e', '24bad5dfed89b477', true, true, 1323576400631828480, NULL, 1323576401785262080, '2026-11-28 05:48:04.034463', NULL),
	(1323576399478394880, 3, 'Workflow/test/Report/095a7c1160d6993459dab800730f2308/run/', 'default:30', 'Workflow/test/Report', '095a7c1160d6993459dab800730f2308', 0, 'run', '{"user":"alice","week":1}', '{}', '10d073c833374c04822fe98420296c8e', '178381d71fb5466b', true, true, 1323576399478394880, NULL, 1323576401831399424, '2026-11-28 05:48:03.846086', NULL);


--
-- Data for Name: cluster_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.cluster_migrations VALUES
	(1, '2026-11-28 05:48:03.292654+00', 'create_tables'),
	(2, '2026-11-28 05:48:03.292654+00', 'entity_type_size');


--
-- Data for Name: cluster_replies; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.cluster_replies VALUES
	(1323576400204009472, 1, 0, 1323576399776190464, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":[86400000,259200000,604800000]}}}', NULL, false),
	(1323576400279506944, 2, 0, 1323576400023654400, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":{"_tag":"None"}}}}', NULL, false),
	(1323576400740880384, 3, 0, 1323576400476639232, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":false}}}', NULL, false),
	(1323576400728297472, 4, 0, 1323576400677965824, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":[86400000,259200000,604800000]}}}', NULL, false),
	(1323576401063841792, 5, 0, 1323576400753463296, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success"}}}', NULL, false),
	(1323576401126756352, 6, 0, 1323576400761851904, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":false}}}', NULL, false),
	(1323576401567158272, 7, 0, 1323576401349054464, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success"}}}', NULL, false),
	(1323576401592324096, 8, 0, 1323576399407091712, '{"_tag":"Success","value":{"_tag":"Suspended"}}', NULL, false),
	(1323576401785262080, 9, 0, 1323576400631828480, '{"_tag":"Success","value":{"_tag":"Suspended"}}', NULL, false),
	(1323576401831399424, 10, 0, 1323576399478394880, '{"_tag":"Success","value":{"_tag":"Suspended"}}', NULL, false);


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


