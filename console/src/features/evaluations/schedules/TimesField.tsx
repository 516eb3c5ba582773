import type { ScheduleForm } from "@/features/evaluations/schedules/scheduleForm";
import { cronText } from "@/features/evaluations/schedules/words";
import type { FormState } from "@/shared/forms/useForm";
import { Combobox } from "@/shared/ui/Combobox";
import { TextField } from "@/shared/ui/Field";

const ZONES = ["UTC", ...Intl.supportedValuesOf("timeZone")];

/** The times of a schedule: a cron expression in a time zone, and the days and hours that it says. */
export function TimesField({ form }: { form: FormState<ScheduleForm> }) {
  const { cron, time_zone } = form.values;
  const words = cronText(cron);
  const error = form.errorOf("time_zone");
  return (
    <fieldset>
      <legend className="sr-only">Times</legend>
      <div className="grid gap-3 sm:grid-cols-2">
        <TextField
          label="Times (cron)"
          {...form.text("cron")}
          className="font-mono text-xs"
          placeholder="0 6 * * 1-5"
          maxLength={100}
          hint={words !== cron ? words : "Minute, hour, day of the month, month, day of the week."}
        />
        <div className="flex flex-col gap-1">
          <span className="text-sm font-medium">Time zone</span>
          <Combobox
            label="Time zone"
            name="time_zone"
            value={time_zone}
            options={ZONES}
            required
            invalid={error !== undefined}
            onChange={(zone) => form.change({ time_zone: zone })}
            className="flex-none"
          />
          {error && <p className="text-xs text-danger">{error}</p>}
        </div>
      </div>
    </fieldset>
  );
}
