CREATE TABLE `guard` (
	`space_id` text NOT NULL,
	`subject` text NOT NULL,
	`evidence` text NOT NULL,
	`access_group_ids` text NOT NULL,
	`state` text NOT NULL,
	`at` integer NOT NULL,
	PRIMARY KEY(`space_id`, `subject`)
);
