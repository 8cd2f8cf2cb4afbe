CREATE TABLE "guard" (
	"space_id" text NOT NULL,
	"subject" text NOT NULL,
	"evidence" text NOT NULL,
	"access_group_ids" jsonb NOT NULL,
	"state" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "guard_space_id_subject_pk" PRIMARY KEY("space_id","subject")
);
--> statement-breakpoint
ALTER TABLE "audit" ADD COLUMN "reason" text;--> statement-breakpoint
ALTER TABLE "pairings" ADD COLUMN "seated_for" text;--> statement-breakpoint
ALTER TABLE "problems" ADD COLUMN "shown_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "problems" ADD COLUMN "left_at" timestamp (3) with time zone;--> statement-breakpoint
ALTER TABLE "problems" ADD COLUMN "told_at" timestamp (3) with time zone;--> statement-breakpoint
CREATE INDEX "audit_subject" ON "audit" USING btree ("space_id","subject","at");--> statement-breakpoint
ALTER TABLE "booking_groups" DROP COLUMN "written_at";--> statement-breakpoint
ALTER TABLE "booking_groups" DROP COLUMN "missing_since";--> statement-breakpoint
ALTER TABLE "booking_groups" DROP COLUMN "changed_by_hand_at";--> statement-breakpoint
ALTER TABLE "group_places" DROP COLUMN "missing_since";--> statement-breakpoint
ALTER TABLE "group_places" DROP COLUMN "changed_by_hand_at";