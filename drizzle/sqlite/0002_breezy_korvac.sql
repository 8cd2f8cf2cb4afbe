ALTER TABLE `pairings` ADD `invite` text;--> statement-breakpoint
ALTER TABLE `pairings` ADD `batch_at` integer;