"""Arguments, printing, exit codes. No logic worth a test elsewhere."""
