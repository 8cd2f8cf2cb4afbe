ALTER TABLE "pairings" ADD COLUMN "invite" text;--> statement-breakpoint
ALTER TABLE "pairings" ADD COLUMN "batch_at" timestamp (3) with time zone;