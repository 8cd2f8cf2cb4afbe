CREATE TABLE `guard` (
	`space_id` text NOT NULL,
	`subject` text NOT NULL,
	`evidence` text NOT NULL,
	`access_group_ids` text NOT NULL,
	`state` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`space_id`, `subject`)
);
--> statement-breakpoint
ALTER TABLE `audit` ADD `reason` text;--> statement-breakpoint
CREATE INDEX `audit_subject` ON `audit` (`space_id`,`subject`,`at`);--> statement-breakpoint
ALTER TABLE `pairings` ADD `seated_for` text;--> statement-breakpoint
ALTER TABLE `problems` ADD `shown_at` integer;--> statement-breakpoint
ALTER TABLE `problems` ADD `left_at` integer;--> statement-breakpoint
ALTER TABLE `problems` ADD `told_at` integer;--> statement-breakpoint
ALTER TABLE `booking_groups` DROP COLUMN `written_at`;--> statement-breakpoint
ALTER TABLE `booking_groups` DROP COLUMN `missing_since`;--> statement-breakpoint
ALTER TABLE `booking_groups` DROP COLUMN `changed_by_hand_at`;--> statement-breakpoint
ALTER TABLE `group_places` DROP COLUMN `missing_since`;--> statement-breakpoint
ALTER TABLE `group_places` DROP COLUMN `changed_by_hand_at`;