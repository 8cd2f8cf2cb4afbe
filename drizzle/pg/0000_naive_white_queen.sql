CREATE TABLE "audit" (
	"space_id" text NOT NULL,
	"number" integer NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"cause" text NOT NULL,
	"task" text NOT NULL,
	"subject" text NOT NULL,
	"action" text NOT NULL,
	"target" jsonb NOT NULL,
	"result" text NOT NULL,
	"hash" text NOT NULL,
	CONSTRAINT "audit_space_id_number_pk" PRIMARY KEY("space_id","number")
);
--> statement-breakpoint
CREATE TABLE "authorizations" (
	"state_hash" text NOT NULL,
	"purpose" text NOT NULL,
	"subdomain" text NOT NULL,
	"verifier_sealed" text NOT NULL,
	"nonce" text NOT NULL,
	"cobot_user_id" text,
	"locale" text,
	"cookie_hash" text,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "authorizations_state_hash_pk" PRIMARY KEY("state_hash")
);
--> statement-breakpoint
CREATE TABLE "booking_groups" (
	"space_id" text NOT NULL,
	"site_id" text NOT NULL,
	"booking_id" text NOT NULL,
	"access_group_id" text,
	"name" text NOT NULL,
	"creating_since" timestamp (3) with time zone,
	"written" jsonb,
	"zone" text NOT NULL,
	"written_at" timestamp (3) with time zone,
	"missing_since" timestamp (3) with time zone,
	"changed_by_hand_at" timestamp (3) with time zone,
	CONSTRAINT "booking_groups_space_id_site_id_booking_id_pk" PRIMARY KEY("space_id","site_id","booking_id")
);
--> statement-breakpoint
CREATE TABLE "bookings" (
	"space_id" text NOT NULL,
	"booking_id" text NOT NULL,
	"resource_id" text NOT NULL,
	"membership_id" text,
	"external" jsonb,
	"starts_at" timestamp (3) with time zone NOT NULL,
	"ends_at" timestamp (3) with time zone NOT NULL,
	"title" text,
	"read_at" timestamp (3) with time zone NOT NULL,
	"gone_at" timestamp (3) with time zone,
	CONSTRAINT "bookings_space_id_booking_id_pk" PRIMARY KEY("space_id","booking_id")
);
--> statement-breakpoint
CREATE TABLE "budgets" (
	"key" text NOT NULL,
	"tokens" double precision NOT NULL,
	"filled_at" timestamp (3) with time zone NOT NULL,
	"not_before" timestamp (3) with time zone,
	CONSTRAINT "budgets_key_pk" PRIMARY KEY("key")
);
--> statement-breakpoint
CREATE TABLE "connections" (
	"space_id" text NOT NULL,
	"side" text NOT NULL,
	"state" text NOT NULL,
	"access_sealed" text NOT NULL,
	"access_expires_at" timestamp (3) with time zone,
	"refresh_sealed" text,
	"owner" text,
	"version" integer NOT NULL,
	"refreshing_until" timestamp (3) with time zone,
	"changed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "connections_space_id_side_pk" PRIMARY KEY("space_id","side")
);
--> statement-breakpoint
CREATE TABLE "group_places" (
	"space_id" text NOT NULL,
	"site_id" text NOT NULL,
	"pairing_id" text NOT NULL,
	"access_group_id" text NOT NULL,
	"origin" text NOT NULL,
	"basis" text NOT NULL,
	"joined_at" timestamp (3) with time zone,
	"missing_since" timestamp (3) with time zone,
	"changed_by_hand_at" timestamp (3) with time zone,
	"unwanted_since" timestamp (3) with time zone,
	CONSTRAINT "group_places_space_id_site_id_pairing_id_access_group_id_pk" PRIMARY KEY("space_id","site_id","pairing_id","access_group_id")
);
--> statement-breakpoint
CREATE TABLE "memberships" (
	"space_id" text NOT NULL,
	"membership_id" text NOT NULL,
	"name" text,
	"email" text,
	"cobot_user_id" text,
	"team_id" text,
	"plan" jsonb NOT NULL,
	"upcoming_plan" jsonb,
	"confirmed_at" timestamp (3) with time zone,
	"starts_on" text NOT NULL,
	"canceled_to" text,
	"end_learned_on" text,
	"plan_end_learned_on" text,
	"read_at" timestamp (3) with time zone NOT NULL,
	"absent_at" timestamp (3) with time zone,
	"gone_at" timestamp (3) with time zone,
	"pairing_id" text,
	CONSTRAINT "memberships_space_id_membership_id_pk" PRIMARY KEY("space_id","membership_id")
);
--> statement-breakpoint
CREATE TABLE "pairings" (
	"space_id" text NOT NULL,
	"pairing_id" text NOT NULL,
	"site_id" text NOT NULL,
	"person" text NOT NULL,
	"marker" text NOT NULL,
	"state" text NOT NULL,
	"candidates" jsonb NOT NULL,
	"not_them" boolean NOT NULL,
	"site_user_id" text,
	"salto_user_id" text,
	"origin" text,
	"creating_since" timestamp (3) with time zone,
	"made_at" timestamp (3) with time zone,
	"ended_at" timestamp (3) with time zone,
	"locked_out" boolean NOT NULL,
	"locked_out_done" boolean NOT NULL,
	CONSTRAINT "pairings_space_id_pairing_id_pk" PRIMARY KEY("space_id","pairing_id")
);
--> statement-breakpoint
CREATE TABLE "plan_groups" (
	"space_id" text NOT NULL,
	"site_id" text NOT NULL,
	"plan_id" text NOT NULL,
	"access_group_id" text,
	"name" text NOT NULL,
	"origin" text NOT NULL,
	"state" text NOT NULL,
	"opens_nothing" boolean NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "plan_groups_space_id_site_id_plan_id_pk" PRIMARY KEY("space_id","site_id","plan_id")
);
--> statement-breakpoint
CREATE TABLE "problems" (
	"space_id" text NOT NULL,
	"code" text NOT NULL,
	"subject" text NOT NULL,
	"source" text NOT NULL,
	"params" jsonb NOT NULL,
	"since" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "problems_space_id_code_subject_pk" PRIMARY KEY("space_id","code","subject")
);
--> statement-breakpoint
CREATE TABLE "resource_doors" (
	"space_id" text NOT NULL,
	"site_id" text NOT NULL,
	"resource_id" text NOT NULL,
	"enabled" boolean NOT NULL,
	"lock_ids" jsonb NOT NULL,
	"minutes_before" integer NOT NULL,
	"minutes_after" integer NOT NULL,
	CONSTRAINT "resource_doors_space_id_site_id_resource_id_pk" PRIMARY KEY("space_id","site_id","resource_id")
);
--> statement-breakpoint
CREATE TABLE "sessions" (
	"session_hash" text NOT NULL,
	"space_id" text NOT NULL,
	"use" text NOT NULL,
	"cobot_user_id" text NOT NULL,
	"admin_name" text NOT NULL,
	"locale" text NOT NULL,
	"token_sealed" text NOT NULL,
	"admin_read_at" timestamp (3) with time zone NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "sessions_session_hash_pk" PRIMARY KEY("session_hash")
);
--> statement-breakpoint
CREATE TABLE "sites" (
	"space_id" text NOT NULL,
	"site_id" text NOT NULL,
	"state" text NOT NULL,
	"time_zone" text NOT NULL,
	"info" jsonb NOT NULL,
	"read_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "sites_space_id_site_id_pk" PRIMARY KEY("space_id","site_id")
);
--> statement-breakpoint
CREATE TABLE "snapshots" (
	"space_id" text NOT NULL,
	"kind" text NOT NULL,
	"id" text NOT NULL,
	"data" jsonb NOT NULL,
	"read_at" timestamp (3) with time zone NOT NULL,
	"gone_at" timestamp (3) with time zone,
	CONSTRAINT "snapshots_space_id_kind_id_pk" PRIMARY KEY("space_id","kind","id")
);
--> statement-breakpoint
CREATE TABLE "spaces" (
	"space_id" text NOT NULL,
	"subdomain" text NOT NULL,
	"name" text NOT NULL,
	"time_zone" text NOT NULL,
	"locale" text NOT NULL,
	"hour_format" integer NOT NULL,
	"state" text NOT NULL,
	"settings" jsonb NOT NULL,
	"hook_key_sealed" text NOT NULL,
	"hook_key_hash" text NOT NULL,
	"link_user_url" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "spaces_space_id_pk" PRIMARY KEY("space_id")
);
--> statement-breakpoint
CREATE TABLE "tag_holders" (
	"space_id" text NOT NULL,
	"site_id" text NOT NULL,
	"tag_id" text NOT NULL,
	"number" text NOT NULL,
	"pairing_id" text NOT NULL,
	"state" text NOT NULL,
	"done_at" timestamp (3) with time zone,
	CONSTRAINT "tag_holders_site_id_tag_id_pk" PRIMARY KEY("site_id","tag_id")
);
--> statement-breakpoint
CREATE TABLE "work" (
	"space_id" text NOT NULL,
	"task" text NOT NULL,
	"subject" text NOT NULL,
	"revision" integer NOT NULL,
	"run_at" timestamp (3) with time zone,
	"asked_at" timestamp (3) with time zone NOT NULL,
	"cause" text NOT NULL,
	"priority" integer NOT NULL,
	"attempts" integer NOT NULL,
	"lease_token" text,
	"lease_until" timestamp (3) with time zone,
	"last_error" text,
	CONSTRAINT "work_space_id_task_subject_pk" PRIMARY KEY("space_id","task","subject")
);
--> statement-breakpoint
CREATE INDEX "bookings_membership" ON "bookings" USING btree ("space_id","membership_id");--> statement-breakpoint
CREATE INDEX "bookings_time" ON "bookings" USING btree ("space_id","ends_at");--> statement-breakpoint
CREATE INDEX "memberships_pairing" ON "memberships" USING btree ("space_id","pairing_id");--> statement-breakpoint
CREATE INDEX "memberships_user" ON "memberships" USING btree ("space_id","cobot_user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "pairings_person" ON "pairings" USING btree ("space_id","site_id","person");--> statement-breakpoint
CREATE UNIQUE INDEX "pairings_site_user" ON "pairings" USING btree ("site_id","site_user_id");--> statement-breakpoint
CREATE UNIQUE INDEX "sites_one_space" ON "sites" USING btree ("site_id");--> statement-breakpoint
CREATE UNIQUE INDEX "spaces_subdomain" ON "spaces" USING btree ("subdomain");--> statement-breakpoint
CREATE UNIQUE INDEX "spaces_hook_key" ON "spaces" USING btree ("hook_key_hash");--> statement-breakpoint
CREATE INDEX "work_due" ON "work" USING btree ("run_at");--> statement-breakpoint
CREATE INDEX "work_leases" ON "work" USING btree ("lease_until");