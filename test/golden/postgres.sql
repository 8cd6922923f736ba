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
	('akft32EzyzzNb3_yDa5-270-qsEqc3Oe0sbRhpUR9Fo', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiSVJfbUtHZVBVal9pIn0..mVtDA-imFnwGhGnp.zr3lpqUUzjv4W1yN-DnslYZ1gHG83JOHF4vlFe613HnHYEDm1wBpv2Gi8mPUr5_0k-JXnadqiXzbv7OU0Nl_7rtqpDCbIUtOTzU_l-6Xeof2lT1-OWzvuIDTE10JuzFdgcSE7PIRGBXa-SUu9pyG4VmH5TQ7_eCjllk9vXi5yh-rM6pLQU3vmLmtktVq_CVzcRUuNhGv4I5k9m7yLZSKUjJ-GxjJq_C7OQSsWQaUMIu_HbU9SkRZOZJb8ECETreQt38Mrad2aedfvNeoyFvOZymOe5pIMYxuUKCxAtpAKzKm1h5gi7KrMQAimtn8gmn170GTffDUlYAIvOlX-H00FlowCFPfOdqoFJiObanVV1suv3S6mcu2JQ6OaCYEk9I3sEVdL7rUXDLVI8KMrnaVP9Z6OPf5XFpiUmbi-AR4TaqTwTbtc_OnUOGleRXifUPxC262vxDtQv6skeOXM7Jpsrg_hZ7B6rhxg4zrDibyr-we4TqxXd92p4tDb1o788SYhQSL5KaxMjxtsDRqQ-ZYfTC1lpfTBwwLSFZtWpJxLhpKkVORRFiCMg9hD5cFqbr-TvxbbDa91wLh2Wc-NWjU0c6WpZUdQdGi97IVdn83PYiuc4tnd4-Bh_307tW9EeabreSYqLtGx2otsIn7o0w9Z7QesBWIGhHACcCboReZww0oPRpeG--7BWekSIQRHypkYRe3ugRyL8he_4uX3bYO-LGxYSKTdqcfc34Zk0NqoGiKsBNHzEDbCdWxkWwDMEtnKH7_B_1jhACa9yUXzgimLudCpLWFEhTW2ZkO5w9_WwjsNvwzQsyayMcB24szZgwoo9NnRNvV-2UeKiw44qjHBoSCclOzzgT17vlvX76DuxY_EIKIBmFBlT732NgEQQ.63sBCwrLJa1QjMCbA_wWhQ', 2051256000184),
	('zQirq9G5g3aR7O6OHzpTsPLsebYohkU3-OsQq8wEDHc', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiSVJfbUtHZVBVal9pIn0..-8UmyhxydapFln7a.vVIKZaQQy3AvjNamqQi4lkozSC6vOeL9v8NoObr4I_m-LMlEjss84BOGte4XKCYVeKS35Hj8kGxXiz1DuzDOJiBApwdtAy1SwaML8Pkl-Ae5biCArsltQrlILP7Bx0dCuYIGvUQSWXCcMPEhdBSqe0VxtjK5mn0HU80R1bsWYE0yqjbuXnWsh-7iNCi5X2moIkRaR32YQVqUxXjIB1BBREQfJT3msqh9SKKvtVEZBkAVV9kj2EJ-NIxnX-WtBwG5-IH0JvUHdStBT7Pd1s0aiwlOL8HTqnxuYuwu7jG0TmSQtx3KWQpIMyJGc6ME7SYenhsk3yf13PN3BgFYXkowQj-lYLQLUI7gaGu-HmzX-gWcJU-9nYvd6z0t9LyVGJ8__s5-2-7uv9fmpTwdA_62Mu3p7MMJPyeD-T3Bn0VXMjhuk5yCu80ElmOGaQOJNBrwhnSWSCtVR2xJL9WPIx5vc78fAgQ0R6fv1tz7zNG8B6daJL4sXt9hFgGYFLtfvW9L2xfT4ZfZ4Q4857BarCZ8-q5CYpyblObtQrru_YIPO7uy1EmcuxGz9kp5wMnjb8_bZWc8XQbFPQAm59_BIJe6tB0A3yOLFvozluyToc4GlyohvXqyHDELZ1HBQ42uMNJYVa4NHXE5i2gEcjex9LHYxbepreKwgtAEm5gS1Xi40AiyxtYf1xM6k7zNuB8Yc92QziRU4G6LjQgtTPuP-V-OuSdwiBVD_PN2tkb-NsmRW4_3LvxcFJv5yTV_KjxIbXJH1ZwRBy9tn4Y7Vh-gGw89FNYS_y3wpA7ihb0hoWZgNWLHQyP-_1Epeme35CXvTcOE36HwPkSVFnV7-4XD4XXTGuWRlioZwulcRERY9SrNw6dxSEiO8LFTHa3iMC9tfA.TSYCz4R9ESK7gjIvSJt38Q', 2051256002316),
	('Ugg3HYrlicMI_iOIdDladlQAi3vJRLcD36SkgzJdE4E', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiSVJfbUtHZVBVal9pIn0..XUA-GPHT8mfUBYmX.AuaS9wcPvmfvDg8P3uA0ZHgDmSAlc9TN_5orfhvk7Te-JfvTqRyTEI0qHloJpx8AH5EYJ5H3sCHYnUHaRjYLPexr5JfOXSFtgp-qVsUe98uPj2fJoVBJ1NWghuKp__krP4EJhp63P_t4rsD7BJ0b2qYRtNiyyU6ozi4QFHUXsayl5NonR_-Qodp6X2fd2tijo9wJoezxCajou6dt022GyJ2yS3p00Nv2ccpWp6UeBg3xjhacdBR3HfzCKg5NIsurJ2HcEzDH29UDDu7VKyl5DKQQlYhvs-eI0F4ZuG9Uf-uqgnIMEPud1dRhc0iW2ZiTgp-1vVKqjKyOiGuYwWLuM-85PDOLB-WN08RdMwz6r8BNhJ_rGJfr5sxeoEzpvH65lR6wlQ0HB_ls7sNlAF6HRYazSZqrn8uQenKJw2YHZkTuuaIQiQrOOoIOYP145326ECQABAQYEpxJkzh3gbJA7OIkVp_lCtkUEUlSFRrjzW4HMaRiIJdIQb6pDEIW90EBlskunXDYa3BBtqcEQSp2ykO5VCCufe8pF9aog1urgjG5A467RkHJ38wwp3Kr698K65nDwwKzUZ0Ga3Ix84v6UvjQXJ0Dk0iZmcm_JeCpMKJwNFGlBXYD2BpnCn6AofGwCFcfJ_olaMD_Ku5TAIpOUMav0cqC1UZ9hntWmzX2fdvSBAWX7aPc1qNWLgFpZZVAoDviSZKnr065E64m1qFdgBNIem0wZLQYwxUHc_aKj8VLTDBlCOiycW3aiUJ-Qvsa2DDl-35xa7D93hURbbjDOIKOL3XKNHk0iOImCxJD3_GBRPcjL4QYOcJUwuyd-NXAC9fUd5QC9VcqqNPWVg5-_hcOMzW0fRzWSwj_ifyI3EEZf7JLxdI9QygMvzZEnQ.4BBNsmVu05TvRTN0LkaHVQ', 2051256002341),
	('mAlLKqBkBxI13UgIA4LGbKPT68WaJbcJAGaUkwPs3cc', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiSVJfbUtHZVBVal9pIn0..mL3Ar27f0YeSbyqR.n_YVpCoM9O1W73DjaG0YwqbZyV22BGwPx43NIl030d2E_c55ZIP6owfQOYwWlP1ifzUI5bdWb8Afwk0Swa2rDwhl221TKmvypHuVuUeCDgPuRBP0ITd6TAA6chDlK8Okg5jkuxa-omTq1zJoPqDqpv-7FGcHKvcKE12HgVXU7dGjBsnbEBcKIUg36zT5Hyh3Q4Pt7uMXASOtMPDhhnOrkj1UxrTVO3iYXQr6k6w2WwKmUP5bwt7GcOxJUAsxKNc0B4D7FeBUwBW9qAofV10r4yj0T-3BDnAIo2zCANR3IfATj74M_BNS5HiYKDk3twDoo2pO-LLgRStvAOcr4V2-899UY9YrhmA3Bvx1HK3jPr8Cvcs_FIfWxHRc-TEUYAhTt8IAHklWiUfeBxcAwD_h4TMt2MmTqLgO8hbR1297VXg39xLrsdsP4-llgy8V9CjQs5BIZGdPhqHZ35MXA2rwkHZgn8Aq3eKUsQ4jneY4XnmXdiX6WhcozZV4ggznBgfiz8AmcpffJGXnB9gWgEYug-nPBfkdOf-QCp9E_eu-U5TnMRrbTn_b2heWEM9gDotNwo3sOFCgiV0z5jFRC1bafOS9oID4bQzkzxULq1ITbwWPcDKNLmf0dFnCLSiLf8gBr2TmVyZH8pO-nVkw2ngxQMT4o3FN8-TB1eNUl2kKgqQrOSkJJYyibLDQtEJcm9ts7MXlpPPzR86vimk-MqaeZONMJxn-vue5KNgIra5hoVXTiKzpXmUNjokqMYEsRJkKD3cNMGizrolzAfU86mfL6ETaSSwOJmVOk--iwjuehMpDSChIZ73ZpJAI0WUcTfmNkZhieKGYbHEduRbxWwr_70SYghmU2Fzy6Az5HYVn8kMP5TmXT92jtgSE8X61cQ.XpUR2WPBg0QeRFzYgwLlMQ', 2051256002382);


--
-- Data for Name: agentcore_consents_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.agentcore_consents_migrations VALUES
	(1, '2026-12-01 15:58:56.961172', 'sessions_and_waits');


--
-- Data for Name: agentcore_consents_waits; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.agentcore_consents_waits VALUES
	('8WxdfSo39_hMJePAta1rBtuN6mR_51nX4jBVQzem2vE', 'Vm2YicTZUVqXkQi0fFBWIn-0eoJGuxzQUnyWDzdQ8Gw', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiSVJfbUtHZVBVal9pIn0..7vM2xqYdC5MR31ar.MQJWmppUPt6zWS1uFmpAciyRsPj2DMF8lvw-2w7bB_kHOs-RC2SU6aat1SgL9T2Z98areUdmJw-FuiZJe6dBLxaBDXPIziI05Y_I9M00znQ3ErcvUcBVFuAqxBQd9eFHQLcgVxwugwxPUlobFy4gzS6ccvigSCo3ERja5kOY3-HmksiS4UZtD5SfIbBxeQmhGFXd_u8KGfDRYRxQ-O4NhlQeyF1NSoDlILSSuLLjmvoAd5vDSv_MSTHpGTXlGppaD3ybMmirrdgwur1o9PsgufW_DFOZlOme6jOligLCDEsNQQ.OuD8o4b9a0Ur4qodPVV0rA', 2051863202308),
	('8WxdfSo39_hMJePAta1rBtuN6mR_51nX4jBVQzem2vE', '_s5FZAsE91-ivnsoJ0qyR5x8j0H88p6y24rkngr2Iw0', 'eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIiwia2lkIjoiSVJfbUtHZVBVal9pIn0..DAgoAQNYoNLOfnn_.PJPvm0SEmTZmF0N6eXyaKu0anruzjc3xNMJC7LnpQMU_uZSI4C_u6pwnsajW1G3i4cbHp96jAv-jHRjEKGKhVM-lDATHFAA680VqG6yfrTZdwKdsU4iSNSzho6paHZeoGSRkmUHHahv0CTsxPEDyKclaYaWM6EIYBQXIzGqyvHGNl1c7gReOWGFc44szAvI947gXTboG6jvOG-KfHl3ddwl3mvtboZRY0Li2eBRA0mBMtYYy8zuOKL-yPWCkfLjHAB34dHbf_THg3q1sVDZHVhRBjj6-JOKjy8DVkXW6qubE3w.NURW1WpZQ71UBmA1DDVPOw', 2051863202344);


--
-- Data for Name: cluster_locks; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: cluster_messages; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.cluster_messages VALUES
	(1323576390259314688, 3, 'Workflow/effect-agentcore-identity/ObtainConsent/8d6f690b3ae3f6c9c93ac022318d9a8d/activity/ObtainConsent.register/1', 'default:12', 'Workflow/effect-agentcore-identity/ObtainConsent', '8d6f690b3ae3f6c9c93ac022318d9a8d', 0, 'activity', '{"name":"ObtainConsent.register","attempt":1,"withTransaction":false}', '{}', '0d1940bbe8a4f96836850fa681efb2bf', '89af4bb55514782f', true, true, 1323576390259314688, NULL, 1323576390359977984, '2026-12-01 15:58:57.243315', NULL),
	(1323576390297063424, 4, 'Workflow/test/Report/4ed9d742fa005b6716b78a2b55a936fc/activity/report/1', 'default:5', 'Workflow/test/Report', '4ed9d742fa005b6716b78a2b55a936fc', 0, 'activity', '{"name":"report","attempt":1,"withTransaction":false}', '{}', 'e525d754e67f05e978580ef6f2cd10d9', '89b830aae55bb473', true, true, 1323576390297063424, NULL, 1323576390376755200, '2026-12-01 15:58:57.252689', NULL),
	(1323576390431281152, 7, 'Workflow/effect-agentcore-identity/ObtainConsent/7185645290f7139c3624bf7e8baa850b/activity/ObtainConsent.register/1', 'default:20', 'Workflow/effect-agentcore-identity/ObtainConsent', '7185645290f7139c3624bf7e8baa850b', 0, 'activity', '{"name":"ObtainConsent.register","attempt":1,"withTransaction":false}', '{}', 'e525d754e67f05e978580ef6f2cd10d9', '99b5f2f717cc6d98', true, true, 1323576390431281152, NULL, 1323576390477418496, '2026-12-01 15:58:57.28447', NULL),
	(1323576390385143808, 5, 'Workflow/effect-agentcore-identity/ObtainConsent/8d6f690b3ae3f6c9c93ac022318d9a8d/activity/ObtainConsent.probe 0/1', 'default:12', 'Workflow/effect-agentcore-identity/ObtainConsent', '8d6f690b3ae3f6c9c93ac022318d9a8d', 0, 'activity', '{"name":"ObtainConsent.probe 0","attempt":1,"withTransaction":false}', '{}', '0d1940bbe8a4f96836850fa681efb2bf', 'b2de1fbc576d3401', true, true, 1323576390385143808, NULL, 1323576390469029888, '2026-12-01 15:58:57.27207', NULL),
	(1323576390523555840, 9, 'Workflow/effect-agentcore-identity/ObtainConsent/8d6f690b3ae3f6c9c93ac022318d9a8d/activity/ObtainConsent.invite 0/1', 'default:12', 'Workflow/effect-agentcore-identity/ObtainConsent', '8d6f690b3ae3f6c9c93ac022318d9a8d', 0, 'activity', '{"name":"ObtainConsent.invite 0","attempt":1,"withTransaction":false}', '{}', '0d1940bbe8a4f96836850fa681efb2bf', '2facbdf01a4dfe4a', true, true, 1323576390523555840, NULL, 1323576390582276096, '2026-12-01 15:58:57.305736', NULL),
	(1323576390603247616, 10, 'Workflow/-/DurableClock/8d6f690b3ae3f6c9c93ac022318d9a8d/run/wait 0', 'default:12', 'Workflow/-/DurableClock', '8d6f690b3ae3f6c9c93ac022318d9a8d', 0, 'run', '{"name":"wait 0","workflowName":"effect-agentcore-identity/ObtainConsent","wakeUp":2051341202380}', '{}', '0d1940bbe8a4f96836850fa681efb2bf', 'aa25d2e164690fa8', true, false, 1323576390603247616, NULL, NULL, NULL, 2051341202380),
	(1323576390515167232, 8, 'Workflow/effect-agentcore-identity/ObtainConsent/7185645290f7139c3624bf7e8baa850b/activity/ObtainConsent.probe 0/1', 'default:20', 'Workflow/effect-agentcore-identity/ObtainConsent', '7185645290f7139c3624bf7e8baa850b', 0, 'activity', '{"name":"ObtainConsent.probe 0","attempt":1,"withTransaction":false}', '{}', 'e525d754e67f05e978580ef6f2cd10d9', '53a40bbb847bb980', true, true, 1323576390515167232, NULL, 1323576390628413440, '2026-12-01 15:58:57.305736', NULL),
	(1323576390116708352, 1, 'Workflow/effect-agentcore-identity/ObtainConsent/8d6f690b3ae3f6c9c93ac022318d9a8d/run/', 'default:12', 'Workflow/effect-agentcore-identity/ObtainConsent', '8d6f690b3ae3f6c9c93ac022318d9a8d', 0, 'run', '{"workload":"golden-agent","userId":"alice","credential":"calendar","episode":"1"}', '{}', '0d1940bbe8a4f96836850fa681efb2bf', 'b8cd9c1ff787179d', true, true, 1323576390116708352, NULL, 1323576390657773568, '2026-12-01 15:58:57.233504', NULL),
	(1323576390653579264, 11, 'Workflow/effect-agentcore-identity/ObtainConsent/7185645290f7139c3624bf7e8baa850b/activity/ObtainConsent.invite 0/1', 'default:20', 'Workflow/effect-agentcore-identity/ObtainConsent', '7185645290f7139c3624bf7e8baa850b', 0, 'activity', '{"name":"ObtainConsent.invite 0","attempt":1,"withTransaction":false}', '{}', 'e525d754e67f05e978580ef6f2cd10d9', '5bdc092bc19443fc', true, true, 1323576390653579264, NULL, 1323576390703910912, '2026-12-01 15:58:57.337141', NULL),
	(1323576390737465344, 12, 'Workflow/-/DurableClock/7185645290f7139c3624bf7e8baa850b/run/wait 0', 'default:20', 'Workflow/-/DurableClock', '7185645290f7139c3624bf7e8baa850b', 0, 'run', '{"name":"wait 0","workflowName":"effect-agentcore-identity/ObtainConsent","wakeUp":2051341202412}', '{}', 'e525d754e67f05e978580ef6f2cd10d9', 'd3aa5693248a8c6d', true, false, 1323576390737465344, NULL, NULL, NULL, 2051341202412),
	(1323576390414503936, 6, 'Workflow/effect-agentcore-identity/ObtainConsent/7185645290f7139c3624bf7e8baa850b/run/', 'default:20', 'Workflow/effect-agentcore-identity/ObtainConsent', '7185645290f7139c3624bf7e8baa850b', 0, 'run', '{"workload":"golden-agent","userId":"alice","credential":"calendar","episode":"4ed9d742fa005b6716b78a2b55a936fc report 1","~effect/cluster/ClusterWorkflowEngine/payloadParentKey":{"workflowName":"test/Report","executionId":"4ed9d742fa005b6716b78a2b55a936fc"}}', '{}', 'e525d754e67f05e978580ef6f2cd10d9', 'a06fba8b422cdd6a', true, true, 1323576390414503936, NULL, 1323576390766825472, '2026-12-01 15:58:57.278869', NULL),
	(1323576390225760256, 2, 'Workflow/test/Report/4ed9d742fa005b6716b78a2b55a936fc/run/', 'default:5', 'Workflow/test/Report', '4ed9d742fa005b6716b78a2b55a936fc', 0, 'run', '{"user":"alice","week":1}', '{}', 'e525d754e67f05e978580ef6f2cd10d9', '9834a625cb5c1743', true, true, 1323576390225760256, NULL, 1323576390808768512, '2026-12-01 15:58:57.243315', NULL);


--
-- Data for Name: cluster_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.cluster_migrations VALUES
	(1, '2026-12-01 15:58:56.862202+00', 'create_tables'),
	(2, '2026-12-01 15:58:56.862202+00', 'entity_type_size'),
	(3, '2026-12-01 15:58:56.862202+00', 'pg_messages_rowid_index');


--
-- Data for Name: cluster_replies; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.cluster_replies VALUES
	(1323576390359977984, 1, 0, 1323576390259314688, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":[86400000,259200000,604800000]}}}', NULL, false),
	(1323576390376755200, 2, 0, 1323576390297063424, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":{"_tag":"None"}}}}', NULL, false),
	(1323576390477418496, 3, 0, 1323576390431281152, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":[86400000,259200000,604800000]}}}', NULL, false),
	(1323576390469029888, 4, 0, 1323576390385143808, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":false}}}', NULL, false),
	(1323576390582276096, 5, 0, 1323576390523555840, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":null}}}', NULL, false),
	(1323576390628413440, 6, 0, 1323576390515167232, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":false}}}', NULL, false),
	(1323576390657773568, 7, 0, 1323576390116708352, '{"_tag":"Success","value":{"_tag":"Suspended","cause":null}}', NULL, false),
	(1323576390703910912, 8, 0, 1323576390653579264, '{"_tag":"Success","value":{"_tag":"Complete","exit":{"_tag":"Success","value":null}}}', NULL, false),
	(1323576390766825472, 9, 0, 1323576390414503936, '{"_tag":"Success","value":{"_tag":"Suspended","cause":null}}', NULL, false),
	(1323576390808768512, 10, 0, 1323576390225760256, '{"_tag":"Success","value":{"_tag":"Suspended","cause":null}}', NULL, false);


--
-- Data for Name: cluster_runner_migrations; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.cluster_runner_migrations VALUES
	(1, '2026-12-01 15:58:56.823371+00', 'create_tables');


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


