ALTER TABLE "audit" ADD COLUMN "reason" text;--> statement-breakpoint
ALTER TABLE "problems" ADD COLUMN "told_at" timestamp (3) with time zone;