CREATE TABLE `receipt_lines` (
	`space_id` text NOT NULL,
	`site_id` text NOT NULL,
	`subject` text NOT NULL,
	`name` text NOT NULL,
	`holder` text,
	`outcome` text,
	`why` text,
	PRIMARY KEY(`space_id`, `site_id`, `subject`)
);
--> statement-breakpoint
CREATE TABLE `receipts` (
	`space_id` text NOT NULL,
	`site_id` text NOT NULL,
	`site_name` text NOT NULL,
	`mode` text NOT NULL,
	`whole` integer NOT NULL,
	`started_at` integer NOT NULL,
	`ended_at` integer,
	`notes` text NOT NULL,
	PRIMARY KEY(`space_id`, `site_id`)
);
--> statement-breakpoint
ALTER TABLE `pairings` ADD `by_setting` integer;--> statement-breakpoint
ALTER TABLE `pairings` ADD `invite` text;--> statement-breakpoint
ALTER TABLE `pairings` ADD `batch_at` integer;--> statement-breakpoint
ALTER TABLE `plan_groups` ADD `chosen` text;