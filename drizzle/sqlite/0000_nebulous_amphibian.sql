CREATE TABLE `audit` (
	`space_id` text NOT NULL,
	`number` integer NOT NULL,
	`at` integer NOT NULL,
	`cause` text NOT NULL,
	`task` text NOT NULL,
	`subject` text NOT NULL,
	`action` text NOT NULL,
	`target` text NOT NULL,
	`result` text NOT NULL,
	`hash` text NOT NULL,
	PRIMARY KEY(`space_id`, `number`)
);
--> statement-breakpoint
CREATE TABLE `authorizations` (
	`state_hash` text PRIMARY KEY NOT NULL,
	`purpose` text NOT NULL,
	`subdomain` text NOT NULL,
	`verifier_sealed` text NOT NULL,
	`nonce` text NOT NULL,
	`cobot_user_id` text,
	`locale` text,
	`cookie_hash` text,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `booking_groups` (
	`space_id` text NOT NULL,
	`site_id` text NOT NULL,
	`booking_id` text NOT NULL,
	`access_group_id` text,
	`name` text NOT NULL,
	`creating_since` integer,
	`written` text,
	`zone` text NOT NULL,
	`written_at` integer,
	`missing_since` integer,
	`changed_by_hand_at` integer,
	PRIMARY KEY(`space_id`, `site_id`, `booking_id`)
);
--> statement-breakpoint
CREATE TABLE `bookings` (
	`space_id` text NOT NULL,
	`booking_id` text NOT NULL,
	`resource_id` text NOT NULL,
	`membership_id` text,
	`external` text,
	`starts_at` integer NOT NULL,
	`ends_at` integer NOT NULL,
	`title` text,
	`read_at` integer NOT NULL,
	`gone_at` integer,
	PRIMARY KEY(`space_id`, `booking_id`)
);
--> statement-breakpoint
CREATE INDEX `bookings_membership` ON `bookings` (`space_id`,`membership_id`);--> statement-breakpoint
CREATE INDEX `bookings_time` ON `bookings` (`space_id`,`ends_at`);--> statement-breakpoint
CREATE TABLE `budgets` (
	`key` text PRIMARY KEY NOT NULL,
	`tokens` real NOT NULL,
	`filled_at` integer NOT NULL,
	`not_before` integer
);
--> statement-breakpoint
CREATE TABLE `connections` (
	`space_id` text NOT NULL,
	`side` text NOT NULL,
	`state` text NOT NULL,
	`access_sealed` text NOT NULL,
	`access_expires_at` integer,
	`refresh_sealed` text,
	`owner` text,
	`version` integer NOT NULL,
	`refreshing_until` integer,
	`changed_at` integer NOT NULL,
	PRIMARY KEY(`space_id`, `side`)
);
--> statement-breakpoint
CREATE TABLE `group_places` (
	`space_id` text NOT NULL,
	`site_id` text NOT NULL,
	`pairing_id` text NOT NULL,
	`access_group_id` text NOT NULL,
	`origin` text NOT NULL,
	`basis` text NOT NULL,
	`joined_at` integer,
	`missing_since` integer,
	`changed_by_hand_at` integer,
	`unwanted_since` integer,
	PRIMARY KEY(`space_id`, `site_id`, `pairing_id`, `access_group_id`)
);
--> statement-breakpoint
CREATE TABLE `memberships` (
	`space_id` text NOT NULL,
	`membership_id` text NOT NULL,
	`name` text,
	`email` text,
	`cobot_user_id` text,
	`team_id` text,
	`plan` text NOT NULL,
	`upcoming_plan` text,
	`confirmed_at` integer,
	`starts_on` text NOT NULL,
	`canceled_to` text,
	`end_learned_on` text,
	`plan_end_learned_on` text,
	`read_at` integer NOT NULL,
	`absent_at` integer,
	`gone_at` integer,
	`pairing_id` text,
	PRIMARY KEY(`space_id`, `membership_id`)
);
--> statement-breakpoint
CREATE INDEX `memberships_pairing` ON `memberships` (`space_id`,`pairing_id`);--> statement-breakpoint
CREATE INDEX `memberships_user` ON `memberships` (`space_id`,`cobot_user_id`);--> statement-breakpoint
CREATE TABLE `pairings` (
	`space_id` text NOT NULL,
	`pairing_id` text NOT NULL,
	`site_id` text NOT NULL,
	`person` text NOT NULL,
	`marker` text NOT NULL,
	`state` text NOT NULL,
	`candidates` text NOT NULL,
	`not_them` integer NOT NULL,
	`site_user_id` text,
	`salto_user_id` text,
	`origin` text,
	`creating_since` integer,
	`made_at` integer,
	`ended_at` integer,
	`locked_out` integer NOT NULL,
	`locked_out_done` integer NOT NULL,
	PRIMARY KEY(`space_id`, `pairing_id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `pairings_person` ON `pairings` (`space_id`,`site_id`,`person`);--> statement-breakpoint
CREATE UNIQUE INDEX `pairings_site_user` ON `pairings` (`site_id`,`site_user_id`);--> statement-breakpoint
CREATE TABLE `plan_groups` (
	`space_id` text NOT NULL,
	`site_id` text NOT NULL,
	`plan_id` text NOT NULL,
	`access_group_id` text,
	`name` text NOT NULL,
	`origin` text NOT NULL,
	`state` text NOT NULL,
	`opens_nothing` integer NOT NULL,
	`changed_at` integer NOT NULL,
	PRIMARY KEY(`space_id`, `site_id`, `plan_id`)
);
--> statement-breakpoint
CREATE TABLE `problems` (
	`space_id` text NOT NULL,
	`code` text NOT NULL,
	`subject` text NOT NULL,
	`source` text NOT NULL,
	`params` text NOT NULL,
	`since` integer NOT NULL,
	PRIMARY KEY(`space_id`, `code`, `subject`)
);
--> statement-breakpoint
CREATE TABLE `resource_doors` (
	`space_id` text NOT NULL,
	`site_id` text NOT NULL,
	`resource_id` text NOT NULL,
	`enabled` integer NOT NULL,
	`lock_ids` text NOT NULL,
	`minutes_before` integer NOT NULL,
	`minutes_after` integer NOT NULL,
	PRIMARY KEY(`space_id`, `site_id`, `resource_id`)
);
--> statement-breakpoint
CREATE TABLE `sessions` (
	`session_hash` text PRIMARY KEY NOT NULL,
	`space_id` text NOT NULL,
	`use` text NOT NULL,
	`cobot_user_id` text NOT NULL,
	`admin_name` text NOT NULL,
	`locale` text NOT NULL,
	`token_sealed` text NOT NULL,
	`admin_read_at` integer NOT NULL,
	`expires_at` integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE `sites` (
	`space_id` text NOT NULL,
	`site_id` text NOT NULL,
	`state` text NOT NULL,
	`time_zone` text NOT NULL,
	`info` text NOT NULL,
	`read_at` integer NOT NULL,
	PRIMARY KEY(`space_id`, `site_id`)
);
--> statement-breakpoint
CREATE UNIQUE INDEX `sites_one_space` ON `sites` (`site_id`);--> statement-breakpoint
CREATE TABLE `snapshots` (
	`space_id` text NOT NULL,
	`kind` text NOT NULL,
	`id` text NOT NULL,
	`data` text NOT NULL,
	`read_at` integer NOT NULL,
	`gone_at` integer,
	PRIMARY KEY(`space_id`, `kind`, `id`)
);
--> statement-breakpoint
CREATE TABLE `spaces` (
	`space_id` text PRIMARY KEY NOT NULL,
	`subdomain` text NOT NULL,
	`name` text NOT NULL,
	`time_zone` text NOT NULL,
	`locale` text NOT NULL,
	`hour_format` integer NOT NULL,
	`state` text NOT NULL,
	`settings` text NOT NULL,
	`hook_key_sealed` text NOT NULL,
	`hook_key_hash` text NOT NULL,
	`link_user_url` text,
	`created_at` integer NOT NULL
);
--> statement-breakpoint
CREATE UNIQUE INDEX `spaces_subdomain` ON `spaces` (`subdomain`);--> statement-breakpoint
CREATE UNIQUE INDEX `spaces_hook_key` ON `spaces` (`hook_key_hash`);--> statement-breakpoint
CREATE TABLE `tag_holders` (
	`space_id` text NOT NULL,
	`site_id` text NOT NULL,
	`tag_id` text NOT NULL,
	`number` text NOT NULL,
	`pairing_id` text NOT NULL,
	`state` text NOT NULL,
	`done_at` integer,
	PRIMARY KEY(`site_id`, `tag_id`)
);
--> statement-breakpoint
CREATE TABLE `work` (
	`space_id` text NOT NULL,
	`task` text NOT NULL,
	`subject` text NOT NULL,
	`revision` integer NOT NULL,
	`run_at` integer,
	`asked_at` integer NOT NULL,
	`cause` text NOT NULL,
	`priority` integer NOT NULL,
	`attempts` integer NOT NULL,
	`lease_token` text,
	`lease_until` integer,
	`last_error` text,
	PRIMARY KEY(`space_id`, `task`, `subject`)
);
--> statement-breakpoint
CREATE INDEX `work_due` ON `work` (`run_at`);--> statement-breakpoint
CREATE INDEX `work_leases` ON `work` (`lease_until`);