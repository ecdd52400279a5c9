// What a browser keeps of a user's choices. Never anything secret, and nothing breaks where storage is closed to us.
const PREFIX = 'huiliu.'

export function kept(name: string): string | null {
  try {
    return localStorage.getItem(PREFIX + name)
  } catch {
    return null
  }
}

export function keep(name: string, value: string | null): void {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name)
    else localStorage.setItem(PREFIX + name, value)
  } catch {
    // The choice then holds for this visit.
  }
}
