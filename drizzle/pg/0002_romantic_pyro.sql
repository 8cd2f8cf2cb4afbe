CREATE TABLE "receipt_lines" (
	"space_id" text NOT NULL,
	"site_id" text NOT NULL,
	"subject" text NOT NULL,
	"name" text NOT NULL,
	"holder" text,
	"outcome" text,
	"why" text,
	CONSTRAINT "receipt_lines_space_id_site_id_subject_pk" PRIMARY KEY("space_id","site_id","subject")
);
--> statement-breakpoint
CREATE TABLE "receipts" (
	"space_id" text NOT NULL,
	"site_id" text NOT NULL,
	"site_name" text NOT NULL,
	"mode" text NOT NULL,
	"whole" boolean NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"ended_at" timestamp (3) with time zone,
	"notes" jsonb NOT NULL,
	CONSTRAINT "receipts_space_id_site_id_pk" PRIMARY KEY("space_id","site_id")
);
--> statement-breakpoint
ALTER TABLE "pairings" ADD COLUMN "by_setting" boolean;--> statement-breakpoint
ALTER TABLE "pairings" ADD COLUMN "invite" text;--> statement-breakpoint
ALTER TABLE "pairings" ADD COLUMN "batch_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "plan_groups" ADD COLUMN "chosen" jsonb;