ALTER TABLE `audit` ADD `reason` text;--> statement-breakpoint
ALTER TABLE `problems` ADD `told_at` integer;