CREATE TABLE "guard" (
	"space_id" text NOT NULL,
	"subject" text NOT NULL,
	"evidence" text NOT NULL,
	"access_group_ids" jsonb NOT NULL,
	"state" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "guard_space_id_subject_pk" PRIMARY KEY("space_id","subject")
);
