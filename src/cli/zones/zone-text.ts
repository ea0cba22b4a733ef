import { EXIT, ServiceRefusal } from '../terminal/failure.js';
import { askService } from '../service/running-service.js';
import { nameOf, type Target } from '../service/target.js';

/** The master file of a zone of the service, octet for octet. */
export async function zoneTextOf(target: Target, zone: string): Promise<Buffer> {
  try {
    const [file] = (await askService(target, 'export_zone_files', { zone })).payload;
    if (file !== undefined) return Buffer.from(file.text_b64, 'base64');
  } catch (error) {
    if (!(error instanceof ServiceRefusal) || error.details.code !== 'zone_nonexistent') throw error;
  }
  const sentence = `Zone ${zone} is not on the server of ${nameOf(target)}. Look in the list of zones.`;
  throw new ServiceRefusal(sentence, EXIT.problems, { code: 'zone_unknown' });
}

/** The same as a member has it; `member` is its id. */
export async function zoneTextAt(target: Target, member: string, zone: string): Promise<Buffer> {
  const { text_b64: text } = await askService(target, 'getmemberzone', { member, zone });
  return Buffer.from(text, 'base64');
}

/** The version of it that the change at this time ended. */
export async function zoneTextBefore(target: Target, time: string, zone: string): Promise<Buffer> {
  const { text_b64: text } = await askService(target, 'getzoneversion', { zone, time });
  return Buffer.from(text, 'base64');
}
